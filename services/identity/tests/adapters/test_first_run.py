"""The first run's file: written once, for its owner alone, and never lost to a crash."""

import json
import stat

import pytest

from signet_identity.adapters.inbound.admin import FirstRunCommand, FirstRunFileExists
from signet_identity.application.first_run import FirstRun

URL = "http://127.0.0.1:8080"


class Interrupted(Exception):
    """Stands for the power failing."""


class FailsAfterCommit:
    """A first run whose process dies as soon as the database has it."""

    def __init__(self, first_run: FirstRun) -> None:
        self._first_run = first_run
        self.is_done = first_run.is_done

    def __call__(self, deployment, account):
        self._first_run(deployment, account)
        raise Interrupted


@pytest.fixture
def first_run(unit_of_work, passwords, clock):
    unit_of_work.store.roles.clear()
    return FirstRun(unit_of_work, passwords, clock)


@pytest.fixture
def knows(credentials, clock):
    return lambda api_key: credentials.api_key(api_key, clock()) is not None


@pytest.fixture
def out(tmp_path):
    return tmp_path / "first-run.json"


def test_the_file_holds_the_way_in_for_its_owner_alone(first_run, knows, out):
    """It is all that there is, so it must be complete and private."""
    assert FirstRunCommand(first_run, knows)(URL, out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    document = json.loads(out.read_text())
    assert set(document) == {"url", "user_name", "password", "api_key", "secret"}
    assert (document["url"], document["user_name"]) == (URL, "admin")
    assert knows(document["api_key"])
    assert [file.name for file in out.parent.iterdir()] == [out.name]


def test_a_second_run_touches_nothing(first_run, knows, out):
    """Neither the file nor the database, nor another file."""
    command = FirstRunCommand(first_run, knows)
    command(URL, out)
    before = out.read_text()
    assert not command(URL, out)
    assert not command(URL, out.with_name("other.json"))
    assert out.read_text() == before
    assert not out.with_name("other.json").exists()


def test_a_crash_after_the_commit_loses_nothing(first_run, knows, out):
    """The only password of the only account must survive the moment between database and file."""
    with pytest.raises(Interrupted):
        FirstRunCommand(FailsAfterCommit(first_run), knows)(URL, out)
    assert not out.exists()
    assert not FirstRunCommand(first_run, knows)(URL, out)
    assert knows(json.loads(out.read_text())["api_key"])


def test_a_partial_file_of_a_run_that_never_committed_is_replaced(first_run, knows, out):
    """It opens nothing."""
    out.with_name("first-run.json.partial").write_text('{"api_key": "ak_never_stored"}')
    assert FirstRunCommand(first_run, knows)(URL, out)
    assert knows(json.loads(out.read_text())["api_key"])


@pytest.mark.parametrize("text", ["", "{", "[]", '{"api_key": "ak_unknown"}'])
def test_a_partial_file_of_somebody_else_is_not_taken(first_run, knows, out, text):
    """Only the API key that the database knows proves that the file belongs to it."""
    command = FirstRunCommand(first_run, knows)
    command(URL, out.with_name("elsewhere.json"))
    out.with_name("first-run.json.partial").write_text(text)
    assert not command(URL, out)
    assert not out.exists()


def test_a_file_of_another_installation_is_not_overwritten(first_run, knows, out, calling):
    """It may be the only way into a database that is merely configured wrongly today."""
    out.write_text("{}")
    with pytest.raises(FirstRunFileExists, match=r"first-run\.json"):
        FirstRunCommand(first_run, knows)(URL, out)
    assert out.read_text() == "{}"
    assert not first_run.is_done(calling(None))
