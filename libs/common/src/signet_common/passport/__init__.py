"""Passports: how one service proves to another who is calling and for exactly which request."""

from signet_common.passport.claims import Passport
from signet_common.passport.keys import KeysMalformed, PassportKeys, derive_key, format_keys, parse_keys
from signet_common.passport.ownership import owner_filter
from signet_common.passport.tokens import PassportInvalid, PassportIssuer, PassportVerifier

__all__ = [
    "KeysMalformed",
    "Passport",
    "PassportInvalid",
    "PassportIssuer",
    "PassportKeys",
    "PassportVerifier",
    "derive_key",
    "format_keys",
    "owner_filter",
    "parse_keys",
]
