"""Mails from being asked for to their end: once, limited, sealed, and forgotten."""

import json
import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from email.encoders import encode_base64, encode_quopri
from email.mime.text import MIMEText
from threading import Event as Stop
from threading import Thread

import pytest
from services.scheduler.tests.mail.conftest import MemoryTransport, Post, token_values

from signet_common.keyring.ciphers import Keyring
from signet_common.messaging.backoff import Backoff
from signet_common.messaging.command import ReceivedCommand
from signet_common.messaging.ports import BusUnavailable
from signet_common.sql.database import DatabaseUnavailable
from signet_common.sql.stored_secrets import SqlStoredSecrets
from signet_scheduler.adapters.inbound.mail_loop import ATTEMPTS, MailLoop
from signet_scheduler.adapters.inbound.work_loop import raise_in_thread
from signet_scheduler.adapters.outbound.mail_messages import MessageComposer, Templates
from signet_scheduler.adapters.outbound.tables import OUTBOX, RUNS, UNDER_KEYRING
from signet_scheduler.application.ask_for_mail import MailRules
from signet_scheduler.application.attempts import Claimed
from signet_scheduler.application.jobs import NotRetryable, RunContext
from signet_scheduler.application.mail_commands import MailCommands
from signet_scheduler.application.mail_transport import (
    MailDeferred,
    MailError,
    MailRefused,
    MailTransport,
    OutgoingMail,
)
from signet_scheduler.application.run_log import RunLog
from signet_scheduler.application.send_mail import SEND_MAIL, SendMail, SendMailArguments
from signet_scheduler.application.under_way import Cancelled, Work
from signet_scheduler.domain.answers import QUOTED
from signet_scheduler.domain.errors import MailElsewhere
from signet_scheduler.domain.mails import MAX_REPLY_CHARACTERS
from signet_scheduler.domain.sender import NOBODY

TOKEN = "0123456789abcdefghijklmnopqrstuvwxyzABCDEF-"


def command(post: Post, command_id: str = "c1", **changed: object) -> ReceivedCommand:
    body = {"to": "ann@example.org", "template": "password_reset", "values": token_values(post, token=TOKEN)} | changed
    return ReceivedCommand(command_id, "mail.send", json.dumps(body).encode())


def take(post: Post, *commands: ReceivedCommand) -> None:
    carry_out = MailCommands(post.ask)
    for each in commands:
        carry_out(each)


def handler(post: Post, transport: MailTransport) -> SendMail:
    return SendMail(post.waiting, MessageComposer(Templates(), NOBODY), transport, post.clock)


def deliver(
    post: Post, transport: MailTransport, *, attempt: int = 1, last: bool = False, run_id: int | None = None
) -> object:
    row = post.row()
    run = RunContext(run_id or row["run_id"], attempt, post.now, last)
    return handler(post, transport)(SendMailArguments(mail_id=row["mail_id"]), run)


def test_a_command_becomes_a_waiting_mail_and_the_run_that_sends_it(any_post: Post) -> None:
    """Both or neither; what it says lies sealed, and is told nowhere."""
    take(any_post, command(any_post))
    row, [run] = any_post.row(), any_post.rows(RUNS)
    assert (row["mail_state"], row["language"], row["run_id"]) == ("waiting", "en", run["run_id"])
    assert (run["job_name"], run["run_state"], json.loads(run["arguments"])) == (
        "send-mail", "waiting", {"mail_id": row["mail_id"]},
    )  # fmt: skip
    assert run["max_attempts"] == SEND_MAIL.retry.max_attempts
    assert row["expires_at"] == any_post.now.replace(microsecond=0) + timedelta(minutes=30)
    told = {"to_address": "ann@example.org", "template": "password_reset", "language": "en"}
    assert any_post.events() == [("mail.insert", told)]
    assert TOKEN not in repr([any_post.rows(), any_post.rows(RUNS), any_post.rows(OUTBOX)])


def test_a_command_that_comes_again_is_one_mail(any_post: Post) -> None:
    """The bus hands over at least once."""
    take(any_post, command(any_post), command(any_post), command(any_post, "c2"))
    assert [row["command_id"] for row in any_post.rows()] == ["c1", "c2"]
    assert len(any_post.rows(RUNS)) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\xff", b"[]", b'"mail"', b"{}", b'{"to":1,"template":"password_reset","values":{}}',
        b'{"to":"ann@example.org","template":"no_such","values":{}}',
        b'{"to":"ann@example.org","template":"password_reset","values":{"token":"hunter2"}}',
        b'{"to":"ann@example.org","template":"password_reset","values":"hunter2"}',
        b'{"to":"ann@example.org","template":"notice","values":{"text":"hunter2"}}' + b" " * 70_000,
        b"[" * 60_000,
        b'{"to":"ann@example.org","template":"password_reset","values":{"user_name":"ann","token":"hunter2hunter2hunter2",'
        b'"expires_at":"0001-01-01T00:00:00+14:00"}}',
    ],
)  # fmt: skip
def test_a_command_that_makes_no_sense_is_told_to_the_log_without_its_body(
    post: Post, caplog: pytest.LogCaptureFixture, body: bytes
) -> None:
    """It counts as done: kept, it would make as little sense tomorrow, and may hold a secret."""
    with caplog.at_level(logging.INFO):
        take(post, ReceivedCommand("c1", "mail.send", body), ReceivedCommand("c2", "door.open", body))
    assert post.rows() == []
    assert len(caplog.records) == 2
    assert "hunter2" not in caplog.text


def test_an_address_that_mail_cannot_go_to_is_a_mail_that_was_refused(post: Post) -> None:
    """Identity takes addresses that no server does; whoever waits for such a mail finds the reason."""
    take(post, command(post, to="Ann Bloggs <ann@example.org>\r\nBcc: x"))
    row = post.row()
    assert (row["mail_state"], row["content"], row["run_id"]) == ("refused", None, None)
    assert row["reply"].startswith("not sent: the address is no address for mail")
    assert "\n" not in row["to_address"]
    assert [name for name, _ in post.events()] == ["mail.refused"]
    assert post.rows(RUNS) == []


def test_an_address_that_is_refused_at_length_is_refused_like_any_other(any_post: Post) -> None:
    """Identity lets users have it, and the reason names each of its characters: no engine stores all of that."""
    take(any_post, command(any_post, to='""' + "\u0301" * 30 + "@x.de"))
    assert any_post.row()["mail_state"] == "refused"
    assert len(any_post.row()["reply"]) == MAX_REPLY_CHARACTERS


def test_an_address_gets_so_many_mails_an_hour_however_it_is_written(any_post: Post) -> None:
    """Nobody's mailbox is filled through us; those beyond the limit say why, and do not count themselves."""
    any_post.rules = MailRules(per_hour=2)
    take(
        any_post,
        *(command(any_post, f"c{n}", to=to) for n, to in enumerate(["A@x.org", "a@x.org", "A@X.org", "b@x.org"])),
    )
    assert [row["mail_state"] for row in any_post.rows()] == ["waiting", "waiting", "refused", "waiting"]
    assert any_post.rows()[2]["reply"] == "not sent: the address has been sent 2 mails within an hour"
    any_post.later(minutes=61)
    take(any_post, command(any_post, "c9", to="a@x.org"))
    assert any_post.rows()[-1]["mail_state"] == "waiting"


def test_a_tag_is_no_mailbox_of_its_own_and_mail_goes_to_it_all_the_same(post: Post) -> None:
    """`bomb+1`, `bomb+2` and so on would be as many limits; what is shown and sent to is the address as given."""
    post.rules, transport = MailRules(per_hour=1), MemoryTransport()
    take(post, command(post, "c1", to="Ann+1@x.org"))
    deliver(post, transport)
    take(post, command(post, "c2", to="ann+2@x.org"), command(post, "c3", to="+3@x.org"))
    assert [row["mail_state"] for row in post.rows()] == ["sent", "refused", "waiting"]
    assert (transport.sent[0].to.text, post.rows()[0]["to_address"]) == ("Ann+1@x.org", "Ann+1@x.org")


def test_no_other_mails_keep_somebody_from_the_one_that_resets_a_password(any_post: Post) -> None:
    """Notices and confirmations to an address can be asked for by others, who would lock its owner out."""
    any_post.rules = MailRules(per_hour=1)
    notice = {"template": "notice", "values": {"subject_line": "x", "text": "x"}}
    others = [notice, notice, {"template": "email_confirmation"}, {"template": "email_confirmation"}]
    take(any_post, *(command(any_post, f"c{n}", **other) for n, other in enumerate(others)), command(any_post, "c9"))
    states = [row["mail_state"] for row in any_post.rows()]
    assert states == ["waiting", "refused", "waiting", "refused", "waiting"]


def test_a_mail_is_delivered_once_and_forgotten(any_post: Post) -> None:
    """Its content goes in the transaction that says that it was sent; a run that comes again does nothing."""
    transport = MemoryTransport()
    take(any_post, command(any_post))
    assert deliver(any_post, transport) == {"mail_state": "sent", "reply": "250 taken"}
    row = any_post.row()
    assert (row["mail_state"], row["content"], row["reply"], row["attempts"]) == ("sent", None, "250 taken", 1)
    assert row["sent_at"] == any_post.now
    assert deliver(any_post, transport) == {"mail_state": "sent"}
    [sent] = transport.sent
    assert TOKEN.encode() in sent.data
    assert sent.to.text == "ann@example.org"
    assert [name for name, _ in any_post.events()] == ["mail.insert", "mail.sent"]
    assert any_post.events()[1][1]["reply"] == "250 taken"


def test_what_can_be_tried_again_waits_with_the_reason(post: Post) -> None:
    """The content stays sealed, the run fails its attempt and comes again, and every try is the same mail."""
    transport = MemoryTransport([MailDeferred("451 later")])
    take(post, command(post))
    with pytest.raises(MailDeferred, match="451 later"):
        deliver(post, transport)
    row = post.row()
    assert (row["mail_state"], row["reply"], row["attempts"]) == ("waiting", "451 later", 1)
    assert row["content"]
    deliver(post, transport, attempt=2)
    assert (post.row()["mail_state"], post.row()["attempts"]) == ("sent", 2)


def test_the_last_attempt_that_fails_ends_the_mail(post: Post) -> None:
    take(post, command(post))
    with pytest.raises(MailDeferred):
        deliver(post, MemoryTransport([MailDeferred("451 later")]), last=True)
    assert (post.row()["mail_state"], post.row()["content"], post.row()["reply"]) == ("failed", None, "451 later")
    assert [name for name, _ in post.events()] == ["mail.insert", "mail.failed"]


def test_a_mail_that_is_refused_for_good_is_not_tried_again(post: Post) -> None:
    """Another attempt would be answered alike."""
    take(post, command(post))
    with pytest.raises(NotRetryable, match="550 no such mailbox"):
        deliver(post, MemoryTransport([MailRefused("550 no such mailbox")]))
    row = post.row()
    assert (row["mail_state"], row["content"], row["reply"]) == ("refused", None, "550 no such mailbox")


def as_sent(encoding: str) -> str:
    """The token as it stands in a body of that encoding, which breaks its lines."""
    part = MIMEText(f"{'.' * 50}?token={TOKEN}&then", "plain", None)
    {"base64": encode_base64, "quoted-printable": encode_quopri}[encoding](part)
    return str(part.get_payload()).strip()


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (f"550 5.7.1 spam: {TOKEN}", "550 5.7.1"),
        (f"550 spam: {TOKEN}", "550"),
        (f"550 {'x' * 470} {TOKEN}", "550"),
        (f"550 5.7.1 {TOKEN[:20]} {TOKEN[20:]}", "550 5.7.1"),
        (f"550 5.7.1 {TOKEN[:30]}", "550 5.7.1"),
        (f"550 5.7.1 {as_sent('base64')}", "550 5.7.1"),
        (f"550 5.7.1 {as_sent('quoted-printable')}", "550 5.7.1"),
        (f"not an answer of a mail server: {TOKEN}", ""),
    ],
)
@pytest.mark.parametrize("refusal", [MailRefused, MailDeferred])
def test_an_answer_that_quotes_a_token_is_kept_by_its_codes_alone(
    post: Post, answer: str, kept: str, refusal: type[MailError]
) -> None:
    """Servers repeat what they refuse: in part, broken into lines, as it travelled; and answers are shown to many."""
    take(post, command(post))
    with pytest.raises((NotRetryable, MailDeferred)) as told:
        deliver(post, MemoryTransport([refusal(answer)]), last=True)
    assert str(told.value) == post.row()["reply"] == f"{kept} {QUOTED}".strip()
    assert post.events()[-1][1]["reply"] == post.row()["reply"]


def test_an_answer_is_kept_in_one_bounded_line(post: Post) -> None:
    """It is stored and shown: what a server says can be anything."""
    take(post, command(post))
    with pytest.raises(NotRetryable) as told:
        deliver(post, MemoryTransport([MailRefused("550 no " * 9_000)]))
    assert str(told.value) == post.row()["reply"]
    assert len(post.row()["reply"]) == MAX_REPLY_CHARACTERS


def test_a_token_that_is_over_is_not_sent(post: Post) -> None:
    """Whoever got it could do nothing with it but wonder."""
    transport = MemoryTransport()
    take(post, command(post))
    post.later(minutes=30)
    assert deliver(post, transport) == {"mail_state": "expired"}
    assert (post.row()["content"], post.row()["reply"], transport.sent) == (None, "not sent before it was over", [])
    assert [name for name, _ in post.events()] == ["mail.insert", "mail.expired"]


def test_a_reminder_of_keys_is_of_no_use_once_the_last_of_them_has_ended(post: Post) -> None:
    """It would tell tomorrow of an end that was today; and no mail waits for longer than a day."""
    ends = [post.now.replace(microsecond=0) + timedelta(hours=hours) for hours in (1, 2, 25)]
    first, second, third = ({"api_key_name": "k", "expires_at": end.isoformat()} for end in ends)
    for number, others in enumerate([[], [second], [third]]):
        values = {"user_name": "ann", **first, "others": others}
        take(post, command(post, f"c{number}", template="api_key_expiring", values=values))
    assert [row["expires_at"] for row in post.rows()] == [ends[0], ends[1], post.now + timedelta(days=1)]


def test_two_runs_do_not_send_one_mail(post: Post) -> None:
    """Somebody may ask for the job by hand while the mail's own run is at it."""
    take(post, command(post))
    own = post.row()["run_id"]
    with pytest.raises(NotRetryable, match=f"being sent by run {own}"):
        deliver(post, MemoryTransport(), run_id=own + 1)
    post.waiting.begin(post.row()["mail_id"], own, 1, post.now)
    post.end_run(own)
    deliver(post, MemoryTransport(), run_id=own + 1)
    assert (post.row()["mail_state"], post.row()["run_id"]) == ("sent", own + 1)


def test_a_run_that_lost_its_mail_to_another_cannot_end_it(post: Post) -> None:
    """It was taken for dead, and was not: what it says comes too late."""
    take(post, command(post))
    mail_id, own = post.row()["mail_id"], post.row()["run_id"]
    post.end_run(own)
    first, _ = post.waiting.begin(mail_id, own, 1, post.now)
    post.waiting.begin(mail_id, own + 1, 1, post.now)
    assert not post.waiting.end(first, "failed", "gone", post.now)
    assert post.row()["mail_state"] == "waiting"
    post.database.write(lambda c: c.execute(RUNS.insert().values(_run(own + 1, post.now))))
    with pytest.raises(MailElsewhere):
        post.waiting.begin(mail_id, own, 1, post.now)


def test_an_attempt_that_was_overtaken_cannot_end_the_mail_that_the_next_one_delivers(any_post: Post) -> None:
    """Both are of one run; the one that was taken for dead wakes while the other one talks to the mail server."""
    take(any_post, command(any_post))
    mail_id, run_id = any_post.row()["mail_id"], any_post.row()["run_id"]
    first, _ = any_post.waiting.begin(mail_id, run_id, 1, any_post.now)
    second, _ = any_post.waiting.begin(mail_id, run_id, 2, any_post.now)
    any_post.waiting.note(first, "451 too late")
    assert not any_post.waiting.end(first, "refused", "554 lost", any_post.now)
    assert (any_post.row()["mail_state"], any_post.row()["reply"]) == ("waiting", None)
    assert any_post.waiting.end(second, "refused", "554 no", any_post.now)


def test_an_attempt_that_was_overtaken_before_it_began_sends_nothing(post: Post) -> None:
    """The run's row tells how many attempts have begun."""
    take(post, command(post))
    post.database.write(lambda c: c.execute(RUNS.update().values(attempts=2)))
    transport = MemoryTransport()
    with pytest.raises(NotRetryable, match="later attempt"):
        deliver(post, transport, attempt=1)
    deliver(post, transport, attempt=2)
    assert len(transport.sent) == 1


def test_what_the_server_took_is_sent_whoever_says_so(post: Post) -> None:
    """An overtaken attempt that succeeds is believed: nothing else keeps the mail from being sent again."""
    take(post, command(post))
    mail_id, run_id = post.row()["mail_id"], post.row()["run_id"]
    first, _ = post.waiting.begin(mail_id, run_id, 1, post.now)
    post.waiting.begin(mail_id, run_id, 2, post.now)
    assert post.waiting.end(first, "sent", "250 taken", post.now)


def test_a_mail_that_is_being_handed_over_is_not_stopped(post: Post) -> None:
    """What stops a thread arrives as soon as the server's answer is there, which nobody has read by then."""
    take(post, command(post))
    claimed = Claimed(post.row()["run_id"], 1, SEND_MAIL.name, {}, post.now, "")
    work = Work(claimed, deadline=1e9, idempotent=True, log=RunLog(1), raise_in=raise_in_thread)

    class Scanning(MemoryTransport):
        """Is stopped while it waits for the last answer."""

        def send(self, mail: OutgoingMail) -> str:
            stopper = Thread(target=work.stop, args=[Cancelled])
            stopper.start()
            stopper.join()
            time.sleep(0.001)
            return super().send(mail)

    run = RunContext(claimed.run_id, 1, post.now, unstopped=work.unstopped)
    told = work.run(lambda: handler(post, Scanning())(SendMailArguments(mail_id=post.row()["mail_id"]), run))
    assert (told["mail_state"], post.row()["mail_state"]) == ("sent", "sent")


def _run(run_id: int, at: datetime) -> dict[str, object]:
    return {
        "run_id": run_id, "job_name": "send-mail", "run_state": "running", "arguments": "{}", "wake_at": at,
        "attempts": 1, "max_attempts": 1, "beats": 0, "cancel_asked": False, "requested_by_name": "", "version": 1,
        "created_at": at,
    }  # fmt: skip


def test_a_mail_that_is_not_there_is_not_looked_for_again(post: Post) -> None:
    with pytest.raises(NotRetryable, match="no mail 99"):
        handler(post, MemoryTransport())(SendMailArguments(mail_id=99), RunContext(1, 1, post.now))


def test_a_content_that_does_not_decrypt_ends_the_mail(post: Post) -> None:
    """A row that somebody moved or altered, or whose key is gone: nothing is sent of it."""
    transport = MemoryTransport()
    take(post, command(post))
    post.waiting._contents._keyring = Keyring("k1", {"k1": b"2" * 32})
    with pytest.raises(NotRetryable, match="does not decrypt"):
        deliver(post, transport)
    assert (post.row()["mail_state"], transport.sent) == ("failed", [])


def test_a_content_whose_key_is_not_known_yet_waits_for_it(post: Post) -> None:
    """A keyring that was rotated elsewhere arrives a minute later, or is out of reach for one."""
    transport = MemoryTransport()
    take(post, command(post))
    post.waiting._contents._keyring = Keyring("k2", {"k2": b"2" * 32})
    with pytest.raises(MailDeferred, match="key"):
        deliver(post, transport)
    row = post.row()
    assert (row["mail_state"], row["reply"], row["attempts"]) == ("waiting", "not sent: its key is not known yet", 1)
    post.waiting._contents._keyring = post.keyring
    deliver(post, transport, attempt=2)
    assert len(transport.sent) == 1


def test_a_content_whose_key_is_unknown_at_the_last_attempt_ends_the_mail(post: Post) -> None:
    """As whatever else has not been mended by then."""
    take(post, command(post))
    post.waiting._contents._keyring = Keyring("k2", {"k2": b"2" * 32})
    with pytest.raises(MailDeferred):
        deliver(post, MemoryTransport(), last=True)
    assert (post.row()["mail_state"], post.row()["content"]) == ("failed", None)


def test_contents_follow_a_rotation_of_the_keyring(post: Post) -> None:
    """A mail that waits while the keyring is rotated is sent all the same."""
    take(post, command(post))
    both = Keyring("k2", {"k1": b"1" * 32, "k2": b"2" * 32})
    assert [p.done for p in SqlStoredSecrets(post.database, UNDER_KEYRING, both).bring_under("k2")] == [1]
    assert post.row()["content"].startswith("k2:")
    post.waiting._contents._keyring = both
    transport = MemoryTransport()
    deliver(post, transport)
    assert len(transport.sent) == 1


def test_mails_that_nobody_sent_are_ended_when_they_are_over(any_post: Post) -> None:
    """A run may be cancelled, or die with its last attempt; a token must not lie there for ever."""
    take(any_post, command(any_post), command(any_post, "c2", template="email_changed", values={"user_name": "ann"}))
    any_post.later(minutes=31)
    begin = any_post.now - timedelta(days=9)
    assert any_post.waiting.expire(begin, any_post.now, 10) == 1
    assert any_post.waiting.expire(begin, any_post.now, 10) == 0
    assert [(row["mail_state"], row["content"] is None) for row in any_post.rows()] == [
        ("expired", True), ("waiting", False),
    ]  # fmt: skip
    assert [name for name, _ in any_post.events()][-1] == "mail.expired"


def test_mails_that_another_process_ends_at_the_same_moment_do_not_end_the_sweep(post: Post) -> None:
    """Of those found it may end fewer than all, and there are more behind them, whose tokens must go as well."""
    take(post, *(command(post, f"c{number}") for number in range(3)))
    first, second, _ = (row["mail_id"] for row in post.rows())
    # The other process, which has always just ended the second one.
    post.database.write(
        lambda c: c.exec_driver_sql(
            f"CREATE TRIGGER other AFTER UPDATE OF mail_state ON mails WHEN NEW.mail_id = {first} BEGIN"
            f" UPDATE mails SET mail_state = 'expired', content = NULL WHERE mail_id = {second}; END"
        )
    )
    post.later(minutes=31)
    begin = post.now - timedelta(days=9)
    assert [post.waiting.expire(begin, post.now, 2) for _ in range(2)] == [2, 1]
    assert [row["content"] for row in post.rows()] == [None, None, None]


class Receiver:
    """A bus that hands out what it is given, and `stop`s the loop when it has nothing more."""

    def __init__(self, stop: Stop, *batches: list[ReceivedCommand] | Exception) -> None:
        self.stop, self.batches = stop, list(batches)
        self.acknowledged: list[str] = []
        self.closed = 0

    def receive(self, limit: int, timeout: float) -> list[ReceivedCommand]:
        if not self.batches:
            self.stop.set()
            return []
        batch = self.batches.pop(0)
        if isinstance(batch, Exception):
            raise batch
        return batch

    def acknowledge(self, commands: list[ReceivedCommand]) -> None:
        self.acknowledged += [command.command_id for command in commands]

    def close(self) -> None:
        self.closed += 1


class Outcomes:
    """Carries commands out; before that it raises what it is told to, by the command's id, one after another."""

    def __init__(self, post: Post, **failures: list[Exception]) -> None:
        self._carry_out = MailCommands(post.ask)
        self._failures = failures

    def __call__(self, received: ReceivedCommand) -> None:
        if failures := self._failures.get(received.command_id):
            raise failures.pop(0)
        self._carry_out(received)


def loop(post: Post, receiver: Receiver, carry_out: Callable[[ReceivedCommand], None] | None = None) -> MailLoop:
    hasty = Backoff(first=0.001, most=0.001)
    return MailLoop(receiver, carry_out or MailCommands(post.ask), post.waiting, post.clock, backoff=hasty)


def test_a_command_is_acknowledged_after_its_mail_is_there_and_not_before(post: Post) -> None:
    """A crash in between hands it over again; the other order would lose it. A bus that is away is waited for."""
    stop = Stop()
    receiver = Receiver(stop, [command(post)], BusUnavailable("away"), [command(post, "c2")])
    there: list[tuple[int, list[str]]] = []
    carry_out = MailCommands(post.ask)

    def carried_out(received: ReceivedCommand) -> None:
        carry_out(received)
        there.append((len(post.rows()), list(receiver.acknowledged)))

    loop(post, receiver, carried_out).run(stop)
    assert there == [(1, []), (2, ["c1"])]
    assert receiver.acknowledged == ["c1", "c2"]
    assert receiver.closed == 2


def test_commands_in_hand_wait_for_the_database_without_being_delivered_again(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    """Each time that they went back would count, and a broker drops what was delivered too often, token and all."""
    stop = Stop()
    receiver = Receiver(stop, [command(post), command(post, "c2")])
    away: list[Exception] = [DatabaseUnavailable("OperationalError") for _ in range(20)]
    with caplog.at_level(logging.WARNING):
        loop(post, receiver, Outcomes(post, c1=away)).run(stop)
    assert (receiver.acknowledged, len(post.rows())) == (["c1", "c2"], 2)
    assert receiver.closed == 1
    [told] = caplog.records
    assert (told.getMessage(), told.exc_info) == ("commands wait: DatabaseUnavailable", None)


def test_a_loop_that_is_stopped_while_the_database_is_away_gives_its_commands_back(post: Post) -> None:
    """What is not acknowledged comes again, to the next process."""
    stop = Stop()
    receiver = Receiver(stop, [command(post)])

    def carry_out(_: ReceivedCommand) -> None:
        stop.set()
        raise DatabaseUnavailable("OperationalError")

    loop(post, receiver, carry_out).run(stop)
    assert (receiver.acknowledged, receiver.closed) == ([], 1)


def test_a_command_that_fails_each_time_keeps_no_other_from_being_carried_out(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever finds one that nobody has foreseen would stop all mail with it. The log hears of it, not of its body."""
    stop = Stop()
    receiver = Receiver(stop, [command(post), command(post, "c2")])
    spoiled: list[Exception] = [ValueError(TOKEN) for _ in range(ATTEMPTS)]
    loop(post, receiver, Outcomes(post, c1=spoiled)).run(stop)
    assert (receiver.acknowledged, receiver.closed) == (["c1", "c2"], 1)
    assert [row["command_id"] for row in post.rows()] == ["c2"]
    [told] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert told.getMessage() == f"command c1 is given up after {ATTEMPTS} attempts: ValueError"
    assert told.exc_info is None


def test_a_command_that_failed_once_is_carried_out_the_next_time(post: Post) -> None:
    """Of two processes that make the same mail in one moment, the slower one finds it made."""
    stop = Stop()
    receiver = Receiver(stop, [command(post)])
    loop(post, receiver, Outcomes(post, c1=[RuntimeError("overtaken")])).run(stop)
    assert (receiver.acknowledged, len(post.rows())) == (["c1"], 1)


def test_the_loop_ends_mails_that_are_over_once_nobody_can_be_sending_them(post: Post) -> None:
    """At its start all there are; a conversation with a mail server may last some minutes beyond a mail's time."""
    take(post, command(post))
    for later, state in ((35, "waiting"), (41 - 35, "expired")):
        post.later(minutes=later)
        stop = Stop()
        loop(post, Receiver(stop)).run(stop)
        assert post.row()["mail_state"] == state
