"""Secrets stay where they belong: in one file of their owner's, and nowhere in clear text else."""

import json

import pytest

from signet import Client, TokenCredential
from signet.errors import CredentialsInvalid
from signet_testing.file_modes import mode, open_to_others
from signet_testing.people import add_person
from signet_testing.platform import Platform
from signet_testing.signed_api import RECORDS, SignedApi

pytestmark = pytest.mark.e2e


def test_whatever_the_platform_keeps_is_for_its_owner_alone(platform: Platform) -> None:
    """First-run file, keys, settings, databases, logs: nobody else on the machine reads any of it."""
    assert mode(platform.home / "first-run.json") == 0o600
    keys = list((platform.home / "secrets").iterdir())
    assert keys
    assert {mode(path) for path in keys} == {0o600}
    assert [path for path in open_to_others(platform.home) if path != platform.output] == []


def test_no_secret_is_in_any_log_database_event_or_audit_record(
    platform: Platform, admin: Client, api: SignedApi
) -> None:
    """Everything that is handed out once is used here, rightly and wrongly, and then looked for everywhere."""
    first = platform.first_run
    person = add_person(admin, "user")
    secrets = [first.password, first.secret, person.password, person.credential.secret]
    for login, password in ((first.user_name, first.password), (person.user_name, person.password)):
        with Client.login(platform.url, login, password) as session:
            assert isinstance(session.credential, TokenCredential)
            secrets += [session.credential.token, session.credential.secret]
            session.demos.list()
            session.sessions.end_current()
    wrong = f"{person.password}-mistyped"
    with pytest.raises(CredentialsInvalid):
        Client.login(platform.url, person.user_name, wrong)
    request = api.prepare("GET", f"{RECORDS}?user_id={person.user_id}")
    signature = dict(request.headers)["X-Sign"]
    api.records(at_least=3, user_id=person.user_id)

    pages = [api.call("GET", f"{RECORDS}?per_page=100&page={page}").envelope["data"]["records"] for page in range(1, 6)]
    records = json.dumps(pages, ensure_ascii=False)
    assert person.user_name in records
    files = platform.files()
    assert first.password.encode() in files[platform.home / "first-run.json"]
    for secret in [*secrets, signature]:
        assert secret not in records
        holders = {path.name for path, content in files.items() if secret.encode() in content}
        assert holders <= {"first-run.json"}, holders
