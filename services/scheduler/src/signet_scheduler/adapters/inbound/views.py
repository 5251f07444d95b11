"""What the views have in common."""

from collections.abc import Iterator
from contextlib import contextmanager

from signet_common.web.errors import FieldErrors
from signet_scheduler.domain.errors import FieldsInvalid

MOST_NAMED = 20
MOST_CHARACTERS = 64


@contextmanager
def naming_fields() -> Iterator[None]:
    """Rules that only the application can check name their fields like those that the models check.

    A field's name may be the client's own text: it is shown, but bounded and printable.
    """
    try:
        yield
    except FieldsInvalid as refused:
        raise FieldErrors([(_printable(field), message) for field, message in refused.errors[:MOST_NAMED]]) from None


def _printable(field: str) -> str:
    return field[:MOST_CHARACTERS].encode("ascii", "backslashreplace").decode()
