"""Where the command keeps who you are: one JSON file per profile, readable by its owner alone.

Files lie in `$XDG_CONFIG_HOME/signet/profiles/` (by default `~/.config`), mode 0600, and are replaced in one step. A
file that others can read is refused, as ssh refuses a key: its secret has to be considered known.
"""

import json
import os
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from signet.credentials import ApiKeyCredential, Credential, TokenCredential
from signet.errors import ArgumentInvalid, NotSignedIn

_NAME = re.compile("[A-Za-z0-9_-]{1,64}")


class ProfileInvalid(NotSignedIn):
    """A file that should say who you are cannot be used."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A gateway, and what to sign with there. `user` is for people to recognize it by."""

    url: str
    credential: Credential = field(repr=False)
    user: str = ""


@dataclass(frozen=True, slots=True)
class FirstRun:
    """What the platform wrote at its first start."""

    url: str
    user_name: str
    password: str = field(repr=False)
    credential: ApiKeyCredential
    sealing_key: str = ""


class ProfileStore:
    """The profiles of the one who runs the command."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def of_this_user(cls) -> "ProfileStore":
        """The store that the XDG base directory specification points at."""
        configured = os.environ.get("XDG_CONFIG_HOME", "")
        home = Path(configured) if configured.startswith("/") else Path.home() / ".config"
        return cls(home / "signet" / "profiles")

    @property
    def pins(self) -> Path:
        """The file of the sealing keys that are believed."""
        return self._folder.parent / "pins.json"

    def load(self, name: str) -> Profile | None:
        """Read a profile; None if there is none. Raises ProfileInvalid, ArgumentInvalid."""
        path = self._path(name)
        if not path.exists():
            return None
        values = private_json(path)
        secret = _text(path, values, "secret")
        credential: Credential
        if "token" in values:
            credential = TokenCredential(_text(path, values, "token"), secret)
        else:
            credential = ApiKeyCredential(_text(path, values, "api_key"), secret)
        return Profile(_text(path, values, "url"), credential, str(values.get("user", "")))

    def save(self, name: str, profile: Profile) -> Path:
        """Write a profile in one step, 0600 from its first byte. Raises ProfileInvalid where it cannot be written."""
        path = self._path(name)
        kind = "token" if isinstance(profile.credential, TokenCredential) else "api_key"
        values: dict[str, object] = {
            "url": profile.url,
            "user": profile.user,
            kind: profile.credential.identifier,
            "secret": profile.credential.secret,
        }
        write_private_json(path, values)
        return path

    def remove(self, name: str) -> bool:
        """Forget a profile; whether there was one."""
        path = self._path(name)
        existed = path.exists()
        path.unlink(missing_ok=True)
        return existed

    def _path(self, name: str) -> Path:
        if _NAME.fullmatch(name) is None:
            raise ArgumentInvalid("A profile's name has 1 to 64 characters of A-Z, a-z, 0-9, _ and -.")
        return self._folder / f"{name}.json"


def load_first_run(path: Path) -> FirstRun:
    """Read the `first-run.json` of a platform. Raises ProfileInvalid."""
    if not path.exists():
        raise ProfileInvalid(f"There is no file {path}, which --first-run or SIGNET_FIRST_RUN names.")
    values = private_json(path)
    return FirstRun(
        url=_text(path, values, "url"),
        user_name=_text(path, values, "user_name"),
        password=_text(path, values, "password"),
        credential=ApiKeyCredential(_text(path, values, "api_key"), _text(path, values, "secret")),
        sealing_key=str(values.get("sealing_key", "")),
    )


def private_json(path: Path) -> dict[str, object]:
    """Read a JSON object that is its owner's alone. Raises ProfileInvalid."""
    try:
        if path.stat().st_mode & 0o077:
            raise ProfileInvalid(f"{path} can be read by others; make it yours alone: chmod 600 {path}")
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProfileInvalid(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ProfileInvalid(f"{path} is not JSON.") from error
    if not isinstance(values, dict):
        raise ProfileInvalid(f"{path} does not hold a JSON object.")
    return values


def write_private_json(path: Path, values: dict[str, object]) -> None:
    """Write a JSON object in one step, 0600 from its first byte. Raises ProfileInvalid where that cannot be done."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(values, file, indent=2)
        Path(temporary).replace(path)
    except OSError as error:
        raise ProfileInvalid(f"{path} cannot be written: {error.strerror}.") from error


def _text(path: Path, values: dict[str, object], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value:
        raise ProfileInvalid(f"{path} lacks {name}.")
    return value
