"""What only the embedded bus has to prove: one file, many processes, pruning, and files that are replaced."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from signet_common.messaging.embedded import EmbeddedBus
from signet_common.messaging.embedded_commands import EmbeddedCommandReceiver
from signet_common.messaging.embedded_file import BusFile
from signet_common.messaging.ports import BusUnavailable, TailLost

ENDLESS_PUBLISHER = """
import sys
from pathlib import Path
from signet_common.messaging.embedded import EmbeddedBus
from signet_common.messaging.event import OutgoingEvent
publisher = EmbeddedBus(Path(sys.argv[1])).publisher("resources")
for batch in range(100_000):
    ids = publisher.publish([OutgoingEvent(f"{batch}-{n}", "resources.demo.insert", b"{}") for n in range(20)])
    print("\\n".join(sorted(ids)), flush=True)
"""

UNDER_GEVENT = """
from gevent import monkey; monkey.patch_all()
import sys, threading, time
from pathlib import Path
from signet_common.messaging.embedded import EmbeddedBus
from signet_common.messaging.event import OutgoingEvent
bus, seen, ticks = EmbeddedBus(Path(sys.argv[1])), [], []
tail = bus.tail(["#"])
reader = threading.Thread(target=lambda: seen.extend(tail.receive(10)))
reader.start()
for _ in range(10):
    time.sleep(0.01)
    ticks.append(1)
bus.publisher("identity").publish([OutgoingEvent("1", "identity.user.update", b"{}")])
reader.join(10)
print(len(ticks), len(seen))
"""


def rows(file: Path, query: str) -> list:
    with sqlite3.connect(file) as connection:
        return connection.execute(query).fetchall()


def pass_through(bus: EmbeddedBus, event, count: int) -> None:
    """Publish and have the audit consumer settle, a hundred at a time."""
    publisher, consumer = bus.publisher("resources"), bus.consumer("audit", ["#"])
    for _ in range(count // 100):
        publisher.publish([event() for _ in range(100)])
        consumer.acknowledge(consumer.receive(100, 5))
    publisher.close()
    consumer.close()


def test_an_event_published_twice_is_stored_once(bus_file: Path, event) -> None:
    """The relay's repeats end here and need not trouble the consumers."""
    again = event()
    publisher = EmbeddedBus(bus_file).publisher("resources")
    publisher.publish([again, again])
    publisher.publish([again])
    assert rows(bus_file, "SELECT count(*) FROM events") == [(1,)]


def test_the_file_is_its_owners_alone(bus_file: Path, event) -> None:
    """Events hold names, addresses and changes of people."""
    EmbeddedBus(bus_file).publisher("resources").publish([event()])
    for file in bus_file.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_pruning_removes_what_every_consumer_settled_but_the_newest(bus_file: Path, event) -> None:
    """The file stays small, and tails keep some room."""
    pass_through(EmbeddedBus(bus_file, retained=100), event, 1000)
    (count,) = rows(bus_file, "SELECT count(*) FROM events")[0]
    assert 100 <= count <= 300


def test_nothing_is_pruned_that_a_registered_consumer_has_not_settled(bus_file: Path, event) -> None:
    """A consumer that is down for a weekend finds everything on Monday."""
    bus = EmbeddedBus(bus_file, retained=10)
    slow = bus.consumer("slow", ["#"])
    assert slow.receive(1, 0) == []
    pass_through(bus, event, 500)
    assert len(slow.receive(1000, 5)) == 500


def test_events_that_no_binding_wants_do_not_hold_up_pruning(bus_file: Path, event) -> None:
    """A consumer of rare events would otherwise keep everything for ever."""
    bus = EmbeddedBus(bus_file, retained=10)
    rare = bus.consumer("rare", ["identity.never.#"])
    assert rare.receive(1, 0) == []
    for _ in range(3):
        pass_through(bus, event, 1000)
        assert rare.receive(500, 0) == []
    assert rows(bus_file, "SELECT position FROM pruning")[0][0] > 1000


def test_a_dead_letter_keeps_the_message_and_the_reason(bus_file: Path, event) -> None:
    """Somebody has to be able to find out what happened, and to publish it again."""
    broken, bus = event(), EmbeddedBus(bus_file)
    bus.publisher("resources").publish([broken])
    consumer = bus.consumer("audit", ["#"])
    consumer.dead_letter(consumer.receive(1, 5)[0], "no event")
    query = "SELECT consumer, event_id, routing_key, body, reason FROM dead_letters"
    assert rows(bus_file, query) == [("audit", broken.event_id, broken.routing_key, broken.body, "no event")]


def test_a_tail_that_pruning_overtook_is_lost_and_stays_lost(bus_file: Path, event) -> None:
    """Events that nobody can see any more may have ended a grant."""
    bus = EmbeddedBus(bus_file, retained=10)
    tail = bus.tail(["#"])
    pass_through(bus, event, 500)
    for _ in range(2):
        with pytest.raises(TailLost):
            tail.receive(0)


@pytest.mark.parametrize("recreate", [True, False])
def test_a_tail_of_a_replaced_file_is_lost(bus_file: Path, event, recreate: bool) -> None:
    """What is published into the new file never arrives in the old."""
    bus = EmbeddedBus(bus_file)
    tail = bus.tail(["#"])
    remove(bus_file)
    if recreate:
        bus.publisher("resources").publish([event()])
    with pytest.raises(TailLost):
        tail.receive(0.1)


def test_publishers_and_consumers_follow_a_replaced_file(bus_file: Path, event) -> None:
    """A confirmation for an unlinked file would be a lie."""
    bus = EmbeddedBus(bus_file)
    publisher, consumer = bus.publisher("resources"), bus.consumer("audit", ["#"])
    publisher.publish([event()])
    old = consumer.receive(1, 5)
    remove(bus_file)
    publisher.publish([event(), event()])
    consumer.acknowledge(old)
    assert len(consumer.receive(5, 5)) == 2


def test_a_waiting_consumer_wakes_up_for_another_connections_commit(bus_file: Path, event) -> None:
    """Waiting watches data_version; it must not sleep through its timeout."""
    bus = EmbeddedBus(bus_file)
    consumer, got = bus.consumer("audit", ["#"]), []
    waiting = threading.Thread(target=lambda: got.extend(consumer.receive(1, 60)))
    waiting.start()
    bus.publisher("resources").publish([event()])
    waiting.join(10)
    assert len(got) == 1


@pytest.mark.parametrize("content", [b"this is no database, however long the text may be" * 30])
def test_a_file_that_is_no_database_makes_the_bus_unavailable(bus_file: Path, event, content: bytes) -> None:
    """The relay backs off and names it, instead of dying."""
    bus_file.write_bytes(content)
    with pytest.raises(BusUnavailable, match=r"bus\.sqlite3"):
        EmbeddedBus(bus_file).publisher("resources").publish([event()])


def test_a_missing_folder_makes_the_bus_unavailable_until_it_is_there(bus_file: Path, event) -> None:
    """The adapter heals by itself."""
    inside = bus_file.parent / "later" / "bus.sqlite3"
    publisher = EmbeddedBus(inside).publisher("resources")
    with pytest.raises(BusUnavailable):
        publisher.publish([event()])
    inside.parent.mkdir()
    assert len(publisher.publish([event()])) == 1


def test_a_file_of_a_newer_version_is_left_alone(bus_file: Path, event) -> None:
    """An old program must not write into what it does not understand."""
    with sqlite3.connect(bus_file) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(BusUnavailable, match="newer"):
        EmbeddedBus(bus_file).publisher("resources").publish([event()])


def test_many_openers_of_a_new_file_do_not_fail_each_other(bus_file: Path, event) -> None:
    """All processes of a first start open it at once."""
    published: list[set[str]] = []

    def publish() -> None:
        published.append(EmbeddedBus(bus_file).publisher("resources").publish([event()]))

    threads = [threading.Thread(target=publish) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(published) == 8
    assert rows(bus_file, "SELECT count(*) FROM events") == [(8,)]


def test_what_a_killed_publisher_was_told_is_there_is_there(bus_file: Path) -> None:
    """SIGKILL at any moment: every confirmed event is stored, and consumable in order."""
    command = [sys.executable, "-c", ENDLESS_PUBLISHER, str(bus_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        confirmed = [process.stdout.readline().strip() for _ in range(300)]
        os.kill(process.pid, signal.SIGKILL)
        confirmed += [line.strip() for line in process.stdout if line.endswith("\n")]
    stored = {event_id for (event_id,) in rows(bus_file, "SELECT event_id FROM events")}
    assert set(confirmed) <= stored
    assert len(stored) % 20 == 0


def test_a_tail_waits_under_gevent_without_stopping_the_hub(bus_file: Path) -> None:
    """The gateway's workers are patched by gevent; a tail that blocks would stop every request."""
    result = subprocess.run(
        [sys.executable, "-c", UNDER_GEVENT, str(bus_file)], capture_output=True, text=True, timeout=60, check=True
    )
    assert result.stdout.split() == ["10", "1"]


def remove(file: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{file}{suffix}").unlink(missing_ok=True)


def test_an_acknowledged_command_leaves_nothing_in_the_file(bus_file: Path, command) -> None:
    """Neither a row nor its bytes in a page that is free: the file is copied into backups."""
    bus = EmbeddedBus(bus_file)
    bus.command_sender("identity").publish([command("s3cr3t-token")])
    receiver = bus.command_receiver()
    receiver.acknowledge(receiver.receive(1, 5))
    receiver.close()
    with sqlite3.connect(bus_file) as connection:
        assert connection.execute("SELECT count(*) FROM commands").fetchone() == (0,)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"s3cr3t-token" not in bus_file.read_bytes()


def test_an_acknowledged_command_leaves_nothing_in_the_log_either(bus_file: Path, command) -> None:
    """Others keep the file open, so nobody empties the log by closing it; who reads only delays it."""
    bus, log = EmbeddedBus(bus_file), Path(f"{bus_file}-wal")
    sender, receiver = bus.command_sender("identity"), EmbeddedCommandReceiver(BusFile(bus_file), emptying_seconds=0)
    receiver.receive(1, 0)
    sender.publish([command("s3cr3t-token")])
    receiver.acknowledge(receiver.receive(1, 5))
    with closing(sqlite3.connect(bus_file, isolation_level=None)) as reading:
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM events").fetchone()
        assert receiver.receive(1, 0) == []
        assert b"s3cr3t-token" in log.read_bytes()
    assert receiver.receive(1, 0) == []
    assert log.read_bytes() == b""
    assert b"s3cr3t-token" not in bus_file.read_bytes()
    another = command("another")
    sender.publish([another])
    assert [received.command_id for received in receiver.receive(1, 0)] == [another.command_id]
    for part in (sender, receiver):
        part.close()


def test_the_log_is_emptied_once_a_minute_and_only_after_something_was_deleted(bus_file: Path, command) -> None:
    """Every emptying waits for the disk."""
    sender, receiver = EmbeddedBus(bus_file).command_sender("identity"), EmbeddedCommandReceiver(BusFile(bus_file))
    log, sizes = Path(f"{bus_file}-wal"), []
    for name in ("first", "second"):
        sender.publish([command(name)])
        receiver.acknowledge(receiver.receive(1, 5))
        sizes.append(log.stat().st_size)
    assert sizes[1] > sizes[0] > 0
    untouched = EmbeddedCommandReceiver(BusFile(bus_file), emptying_seconds=0)
    untouched.receive(1, 0)
    sender.publish([command("third")])
    untouched.receive(1, 0)
    assert log.stat().st_size > 0
    for part in (sender, receiver, untouched):
        part.close()


def test_a_command_that_is_over_is_erased_with_the_next(bus_file: Path, command) -> None:
    """Though nobody ever receives."""
    sender = EmbeddedBus(bus_file).command_sender("identity")
    sender.publish([command(seconds=0.05)])
    threading.Event().wait(0.1)
    sender.publish([command()])
    assert rows(bus_file, "SELECT count(*) FROM commands") == [(1,)]


def test_a_file_from_before_commands_gets_their_table(bus_file: Path, event, command) -> None:
    """An installation is brought up to date by starting it."""
    EmbeddedBus(bus_file).publisher("resources").publish([event()])
    with sqlite3.connect(bus_file) as connection:
        connection.executescript("DROP TABLE commands; PRAGMA user_version = 1;")
    assert len(EmbeddedBus(bus_file).command_sender("identity").publish([command()])) == 1
    assert rows(bus_file, "SELECT count(*) FROM events") == [(1,)]


class CountedLooks(BusFile):
    """How often somebody asks whether the file has changed."""

    looks = 0

    def version(self) -> int:
        self.looks += 1
        return super().version()


def test_a_receiver_of_commands_at_rest_looks_seldom(bus_file: Path) -> None:
    """Each look costs CPU, and who waits for a mail does not wait for milliseconds."""
    with closing(CountedLooks(bus_file)) as file:
        assert EmbeddedCommandReceiver(file).receive(10, timeout=1.5) == []
    assert file.looks < 10
