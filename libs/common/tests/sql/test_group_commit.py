"""Who waits at the same moment shares a commit, and whatever becomes of it everybody hears."""

import gevent
import pytest

from signet_common.sql.group_commit import MAX_GROUP, GroupCommit

SECONDS = 5


class Commits:
    """Answers each entry with its double; `failing` is raised instead."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.failing: BaseException | None = None

    def __call__(self, group: list[int]) -> list[object]:
        self.groups.append(group)
        gevent.sleep(0)
        if self.failing is not None:
            raise self.failing
        return [ValueError(entry) if entry < 0 else entry * 2 for entry in group]


@pytest.fixture
def commits() -> Commits:
    return Commits()


def results(groups: GroupCommit[int], entries: list[int]) -> list[object]:
    """What becomes of entries that are submitted at one moment."""

    def submit(entry: int) -> object:
        try:
            return groups.submit(entry)
        except Exception as error:  # noqa: BLE001 - what is raised is the result
            return error

    greenlets = [gevent.spawn(submit, entry) for entry in entries]
    gevent.joinall(greenlets, timeout=SECONDS, raise_error=True)
    return [greenlet.get(block=False) for greenlet in greenlets]


def test_who_comes_at_one_moment_shares_a_commit(commits: Commits) -> None:
    """And everybody gets the answer to his own entry."""
    assert results(GroupCommit(commits), [1, 2, 3]) == [2, 4, 6]
    assert commits.groups == [[1, 2, 3]]


def test_who_comes_during_a_commit_is_in_the_next(commits: Commits) -> None:
    """A group that is being committed takes nobody more."""
    groups = GroupCommit(commits)
    first = gevent.spawn(groups.submit, 1)
    while not commits.groups:
        gevent.sleep(0)
    assert results(groups, [2, 3]) == [4, 6]
    assert first.get(timeout=SECONDS) == 2
    assert commits.groups == [[1], [2, 3]]


def test_a_group_has_an_end(commits: Commits) -> None:
    """What the databases are told in one statement is bounded."""
    results(GroupCommit(commits), list(range(MAX_GROUP + 1)))
    assert [len(group) for group in commits.groups] == [MAX_GROUP, 1]


def test_an_answer_that_is_an_exception_is_raised_where_it_belongs(commits: Commits) -> None:
    """The others of the group have committed."""
    good, bad = results(GroupCommit(commits), [1, -1])
    assert good == 2
    assert isinstance(bad, ValueError)


def test_a_commit_that_fails_fails_for_all_and_the_next_goes_on(commits: Commits) -> None:
    """Nobody waits for ever."""
    groups, commits.failing = GroupCommit(commits), OSError("no disk")
    assert [str(result) for result in results(groups, [1, 2])] == ["no disk"] * 2
    commits.failing = None
    assert results(groups, [3]) == [6]


def test_a_leader_that_was_killed_has_a_successor(commits: Commits) -> None:
    """What kills greenlets, a worker that is told to stop for one, must not leave the next caller waiting."""
    groups, commits.failing = GroupCommit(commits), gevent.GreenletExit()
    lost = gevent.spawn(groups.submit, 1)
    lost.join(timeout=0.1)
    commits.failing = None
    assert results(groups, [2]) == [4]
    lost.kill()
