"""Loading settings so that a mistake stops the process with one line instead of a traceback.

The standard library does it, because every process pays for its settings (docs/adr/0010-settings-are-dataclasses.md).
"""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar, dataclass_transform, get_type_hints

SettingsT = TypeVar("SettingsT", bound="EnvironmentSettings")

EXIT_CODE = 2
WITHOUT_PREFIX: Final = "without prefix"
"""In an annotation: the variable is not ours alone, and its name is the field's in capitals."""

_PLAIN: dict[object, Callable[[str], object]] = {str: str, Path: Path}


class SettingsError(Exception):
    """One line that names the setting and what is wrong with it; never its value, which may be a secret."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
class EnvironmentSettings:
    """A subclass is a frozen dataclass whose fields are variables: `prefix` and the field's name, in capitals.

    class MailSettings(EnvironmentSettings, prefix="MAIL_"):
        folder: Path
        attempts: Annotated[int, whole_number(least=1)] = 3

    An annotation names the reader of the text (see `readers`); `str` and `Path` need none. There is
    no `repr` that could show a secret.
    """

    prefix: ClassVar[str] = ""

    def __init_subclass__(cls, *, prefix: str = "") -> None:
        cls.prefix = prefix
        dataclass(frozen=True, kw_only=True, repr=False)(cls)


def load_settings(settings: type[SettingsT]) -> SettingsT:
    """Read `settings` from the environment; a variable that is empty counts as one that is not set.

    Raises SettingsError for an unknown variable under the class's prefix, a missing or a malformed one.
    """
    given = {name.upper(): text for name, text in os.environ.items()}
    variables = {variable.name: variable for variable in _variables(settings)}
    prefix = settings.prefix
    if prefix and (unknown := sorted(name for name in given.keys() - variables.keys() if name.startswith(prefix))):
        known = sorted(name for name in variables if name.startswith(prefix))
        raise SettingsError(f"unknown setting {unknown[0]}: {prefix}* takes {', '.join(known)}")
    values = {variable.field: variable.read(given[name]) for name, variable in variables.items() if given.get(name)}
    for variable in variables.values():
        if variable.required and variable.field not in values:
            raise SettingsError(f"missing setting {variable.name}")
    return settings(**values)


def load_or_exit(settings: type[SettingsT]) -> SettingsT:
    """`load_settings` for entry points: a mistake is one line on stderr and exit code 2."""
    try:
        return load_settings(settings)
    except SettingsError as wrong:
        print(wrong, file=sys.stderr)  # noqa: T201 - logging is configured by what could not be read
        raise SystemExit(EXIT_CODE) from None


@dataclass(frozen=True, slots=True)
class _Variable:
    """Where one field of the settings comes from."""

    name: str
    field: str
    reader: Callable[[str], object]
    required: bool

    def read(self, text: str) -> object:
        try:
            return self.reader(text)
        except ValueError as wrong:
            raise SettingsError(f"malformed setting {self.name}: {wrong}") from None


def _variables(settings: type[Any]) -> Iterator[_Variable]:
    hints = get_type_hints(settings, include_extras=True)
    for field in fields(settings):
        hint = hints[field.name]
        notes = getattr(hint, "__metadata__", ())
        prefix = "" if WITHOUT_PREFIX in notes else settings.prefix
        yield _Variable(
            name=f"{prefix}{field.name}".upper(),
            field=field.name,
            reader=notes[0] if notes else _PLAIN[hint],
            required=field.default is MISSING,
        )
