"""Loading settings so that a mistake stops the process with one line instead of a traceback."""

import os
import sys
from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings

SettingsT = TypeVar("SettingsT", bound=BaseSettings)


EXIT_CODE = 2


class SettingsError(Exception):
    """One line that names the setting and what is wrong with it; never its value, which may be a secret."""


def load_settings(settings: type[SettingsT]) -> SettingsT:
    """Read `settings` from the environment.

    Raises SettingsError for an unknown variable under the class's prefix, a missing or a malformed one.
    """
    prefix = settings.model_config.get("env_prefix", "")
    _refuse_unknown(settings, prefix)
    try:
        return settings()
    except ValidationError as refused:
        raise SettingsError(_first_problem(refused, prefix)) from None


def load_or_exit(settings: type[SettingsT]) -> SettingsT:
    """`load_settings` for entry points: a mistake is one line on stderr and exit code 2."""
    try:
        return load_settings(settings)
    except SettingsError as wrong:
        print(wrong, file=sys.stderr)  # noqa: T201 - logging is configured by what could not be read
        raise SystemExit(EXIT_CODE) from None


def _refuse_unknown(settings: type[BaseSettings], prefix: str) -> None:
    known = {f"{prefix}{name}".upper() for name, field in settings.model_fields.items() if not field.validation_alias}
    unknown = sorted(name for name in os.environ if name.upper().startswith(prefix) and name.upper() not in known)
    if prefix and unknown:
        raise SettingsError(f"unknown setting {unknown[0]}: {prefix}* takes {', '.join(sorted(known))}")


def _first_problem(refused: ValidationError, prefix: str) -> str:
    problem = refused.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in problem["loc"])
    # A validation alias is already the variable's whole name.
    name = field if field.isupper() else f"{prefix}{field}".upper()
    if problem["type"] == "missing":
        return f"missing setting {name}"
    return f"malformed setting {name}: {problem['msg'].removeprefix('Value error, ')}"
