"""Every return code has its place in the error tree, and codes of tomorrow do too."""

import pytest

from signet import errors
from signet.cli.exit_codes import ExitCode, exit_code
from signet_protocol.return_codes import ReturnCode

PLACES = [
    (400001, errors.RequestInvalid, ExitCode.REFUSED),
    (400002, errors.RequestInvalid, ExitCode.REFUSED),
    (401005, errors.SignExpired, ExitCode.NOT_SIGNED_IN),
    (401006, errors.AuthenticationFailed, ExitCode.NOT_SIGNED_IN),
    (401009, errors.AuthenticationFailed, ExitCode.NOT_SIGNED_IN),
    (401011, errors.CredentialsInvalid, ExitCode.NOT_SIGNED_IN),
    (401015, errors.NonceReused, ExitCode.NOT_SIGNED_IN),
    (403001, errors.Forbidden, ExitCode.REFUSED),
    (404001, errors.NotFound, ExitCode.NOT_FOUND),
    (405001, errors.RequestInvalid, ExitCode.REFUSED),
    (409001, errors.ValueDuplicate, ExitCode.CONFLICT),
    (409002, errors.IdempotencyConflict, ExitCode.CONFLICT),
    (412001, errors.VersionConflict, ExitCode.CONFLICT),
    (413001, errors.RequestInvalid, ExitCode.REFUSED),
    (410001, errors.ContentDestroyed, ExitCode.DAMAGED),
    (413002, errors.QuotaExceeded, ExitCode.REFUSED),
    (429001, errors.RateLimited, ExitCode.REFUSED),
    (500001, errors.ServerFailed, ExitCode.REFUSED),
    (500002, errors.ContentDamaged, ExitCode.DAMAGED),
    (503001, errors.Unavailable, ExitCode.UNREACHABLE),
    (504001, errors.Unavailable, ExitCode.UNREACHABLE),
    (401999, errors.AuthenticationFailed, ExitCode.NOT_SIGNED_IN),
    (418001, errors.RequestInvalid, ExitCode.REFUSED),
    (507001, errors.StorageFull, ExitCode.REFUSED),
    (508001, errors.ServerFailed, ExitCode.REFUSED),
]


@pytest.mark.parametrize(("code", "kind", "status"), PLACES)
def test_code_lands_in_its_class_and_exit_status(code: int, kind: type[errors.Refused], status: ExitCode) -> None:
    """Programs catch by class, scripts by status."""
    assert errors.refusal_class(code) is kind
    assert exit_code(kind(code, "")) is status


def test_errors_outside_the_platform_have_exit_statuses() -> None:
    """No answer, no credential and bad usage are told apart."""
    assert exit_code(errors.Unreachable("", applied=False)) is ExitCode.UNREACHABLE
    assert exit_code(errors.AnswerInvalid("")) is ExitCode.UNREACHABLE
    assert exit_code(errors.NotSignedIn("")) is ExitCode.NOT_SIGNED_IN
    assert exit_code(errors.ArgumentInvalid("")) is ExitCode.USAGE
    assert exit_code(errors.TransferBroken("")) is ExitCode.UNREACHABLE
    assert exit_code(errors.ChecksumMismatch("")) is ExitCode.DAMAGED


def test_every_published_code_but_success_has_a_class() -> None:
    """The list of codes grows in another package."""
    for code in ReturnCode:
        if code is not ReturnCode.SUCCESS:
            assert errors.refusal_class(code)(code, "").http_status == code.http_status


@pytest.mark.parametrize("data", [None, [], {"errors": None}, {"errors": ["x"]}])
def test_misshapen_field_errors_read_as_none(data: object) -> None:
    """An error must not fail while it is being reported."""
    assert errors.RequestInvalid(400002, "", data=data).errors == []
