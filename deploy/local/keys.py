"""The keys that only first-run and this command hold: services receive what is derived for them."""

import base64
import hashlib
import secrets
from collections.abc import Iterable

from deploy.local.errors import PreflightFailed
from deploy.local.layout import Home, write_private

from signet_common.passport.keys import derive_key, format_keys

ISSUER = "gateway"
SCHEDULER = "scheduler"
"""Calls everybody for their jobs, the gateway too."""
MASTER_BYTES = 32


def master_key(home: Home) -> bytes:
    """The passport master of this instance, created once. Raises PreflightFailed if the file is not one."""
    if not home.master_key.exists():
        write_private(home.master_key, base64.b64encode(secrets.token_bytes(MASTER_BYTES)).decode() + "\n")
    try:
        master = base64.b64decode(home.master_key.read_text().strip(), validate=True)
    except ValueError:
        master = b""
    if len(master) != MASTER_BYTES:
        raise PreflightFailed(
            f"{home.master_key} holds no key of {MASTER_BYTES} bytes: restore it from a backup or remove it"
        )
    return master


def issued(master: bytes, audiences: Iterable[str], issuer: str = ISSUER) -> str:
    """`<ISSUER>_PASSPORT_ISSUES`: its key for every service that it calls."""
    return format_keys({audience: {_key_id(master): derive_key(master, issuer, audience)} for audience in audiences})


def accepted(master: bytes, audience: str) -> str:
    """`<SERVICE>_PASSPORT_ACCEPTS`: the same keys, from the other side. Nobody accepts what it issues itself."""
    issuers = [issuer for issuer in (ISSUER, SCHEDULER) if issuer != audience]
    return format_keys({issuer: {_key_id(master): derive_key(master, issuer, audience)} for issuer in issuers})


def _key_id(master: bytes) -> str:
    """Names the master without telling anything about it, so that a new master has new key ids."""
    return hashlib.sha256(b"signet passport key id" + master).hexdigest()[:8]
