"""Mail over SMTP, to a real server and to servers that keep to no protocol."""

import socket
from pathlib import Path

import pytest
from services.scheduler.tests.mail.servers import (
    PASSWORD,
    USER,
    Certificates,
    Mailbox,
    Script,
    after,
    answers,
    dribble,
    dribble_tls,
    endless_line,
    endless_lines,
    mail_server,
    make_certificates,
    scripted_server,
    stall,
)

from signet_scheduler.adapters.outbound.smtp_conversation import Limits
from signet_scheduler.adapters.outbound.smtp_transport import SmtpTransport
from signet_scheduler.application.mail_transport import MailDeferred, MailRefused, OutgoingMail
from signet_scheduler.domain.addresses import check_address
from signet_scheduler.domain.mail_destination import Security, SmtpServer

pytestmark = pytest.mark.timeout(30)
"""Whoever is held for ever by a server is held here for that long."""
SENDER = "signet@example.org"
PATIENT = Limits(connect=5, answer=5, whole=10)
HASTY = Limits(connect=1, answer=0.3, whole=0.6)
EHLO = b"250 me\r\n"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def outgoing(to: str = "ann@example.org", text: bytes = b"Subject: hello\r\n\r\nHello.\r\n") -> OutgoingMail:
    return OutgoingMail("019a-key", check_address(to), text)


def transport(
    port: int, security: Security = "none", *, auth: bool = False, ca: Path | None = None, limits: Limits = PATIENT
) -> SmtpTransport:
    user, password = (USER, PASSWORD) if auth else ("", "")
    return SmtpTransport(SmtpServer("127.0.0.1", port, security, user, password, ca), SENDER, limits)


def test_a_mail_arrives_as_it_was_composed_with_the_answer_of_the_server() -> None:
    """Lines that are a dot, which end a mail in SMTP, among them."""
    mailbox, text = Mailbox(), b"Subject: hello\r\n\r\nfirst\r\n.\r\n..second\r\n"
    with mail_server(mailbox) as port:
        assert transport(port).send(outgoing(text=text)) == "250 queued as 4711"
    [taken] = mailbox.taken
    assert (taken.mail_from, taken.rcpt_tos, taken.content) == (SENDER, ["ann@example.org"], text)
    assert taken.mail_options == [f"SIZE={len(text)}"]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_mail_goes_encrypted_and_authenticated(security: Security, certificates: Certificates) -> None:
    """Both ways of TLS, and the password only behind it."""
    mailbox, how = Mailbox(), {security: certificates.server}
    with mail_server(mailbox, auth=True, starttls=how.get("starttls"), tls=how.get("tls")) as port:
        transport(port, security, auth=True, ca=certificates.ca).send(outgoing())
    assert (mailbox.encrypted, mailbox.logins) == ([True], [USER.encode()])


def test_nothing_is_sent_in_the_clear_where_starttls_is_not_offered() -> None:
    """Whoever sits between could have taken the offer out, to read the mail."""
    mailbox = Mailbox()
    with mail_server(mailbox) as port, pytest.raises(MailDeferred, match="offers no STARTTLS"):
        transport(port, "starttls").send(outgoing())
    assert not mailbox.taken


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_that_cannot_prove_its_name_gets_no_mail(security: Security, certificates: Certificates) -> None:
    """Its certificate is signed by nobody whom this machine trusts."""
    mailbox, how = Mailbox(), {security: certificates.server}
    with (
        mail_server(mailbox, starttls=how.get("starttls"), tls=how.get("tls")) as port,
        pytest.raises(MailDeferred, match="certificate of the mail server proves nothing"),
    ):
        transport(port, security).send(outgoing())
    assert not mailbox.taken


def test_a_certificate_for_another_name_proves_nothing(tmp_path: Path) -> None:
    """The authority is trusted, and the name is another one."""
    other, mailbox = make_certificates(tmp_path, "mail.example.org"), Mailbox()
    with mail_server(mailbox, starttls=other.server) as port, pytest.raises(MailDeferred, match="proves nothing"):
        transport(port, "starttls", ca=other.ca).send(outgoing())


def test_a_wrong_password_loses_no_mail(certificates: Certificates) -> None:
    """It is the deployment's mistake, not the mail's; and what the server said holds no password.

    It is tried once, whatever the server offers: some lock whom they count too many failures of.
    """
    mailbox, server = Mailbox(), SmtpServer("127.0.0.1", 0, "starttls", USER, "wrong one", certificates.ca)
    with (
        mail_server(mailbox, auth=True, starttls=certificates.server) as port,
        pytest.raises(MailDeferred) as refused,
    ):
        SmtpTransport(SmtpServer(server.host, port, "starttls", USER, "wrong one", certificates.ca), SENDER).send(
            outgoing()
        )
    assert str(refused.value).startswith("535 ")
    assert mailbox.logins == [USER.encode()]
    assert "wrong one" not in repr(server)


@pytest.mark.parametrize(
    ("offered", "said"),
    [
        (b"CRAM-MD5 LOGIN PLAIN", b"AUTH PLAIN AG1haWxlcgBjb3JyZWN0IGhvcnNlIGJhdHRlcnk=\r\n"),
        (b"CRAM-MD5 LOGIN", b"AUTH LOGIN bWFpbGVy\r\n"),
        (b"XOAUTH2 CRAM-MD5", b"AUTH CRAM-MD5\r\n"),
    ],
)
def test_of_what_the_server_offers_the_simplest_is_chosen(offered: bytes, said: bytes) -> None:
    """The channel keeps the password, so the mechanism need not."""
    heard: list[bytes] = []

    def listen(connection: socket.socket) -> None:
        answers(b"220 me\r\n")(connection)
        connection.sendall(b"250-me\r\n250 AUTH " + offered + b"\r\n")
        heard.append(connection.recv(65_536))

    with scripted_server(listen) as port, pytest.raises(MailDeferred, match="connection"):
        transport(port, auth=True).send(outgoing())
    assert heard == [said]


@pytest.mark.parametrize("offered", [b"250 me\r\n", b"250-me\r\n250 AUTH XOAUTH2\r\n"])
def test_a_server_that_nobody_can_sign_in_at_is_tried_again(offered: bytes) -> None:
    """Its operator may mend it; unauthenticated mail is not sent instead."""
    script = answers(b"220 me\r\n", offered)
    with scripted_server(script) as port, pytest.raises(MailDeferred, match="no authentication that is known here"):
        transport(port, auth=True).send(outgoing())


@pytest.mark.parametrize("said", [b"535 no: %s", b"454 later: %s"])
def test_a_password_that_the_server_says_back_is_not_kept(said: bytes) -> None:
    """Some answers repeat what they refuse, as it was sent: in base64."""
    sent = b"AG1haWxlcgBjb3JyZWN0IGhvcnNlIGJhdHRlcnk="
    script = answers(b"220 me\r\n", b"250-me\r\n250 AUTH PLAIN\r\n", said % (PASSWORD.encode() + b" " + sent) + b"\r\n")
    with scripted_server(script) as port, pytest.raises((MailDeferred, MailRefused)) as refused:
        transport(port, auth=True).send(outgoing())
    assert PASSWORD not in str(refused.value)
    assert sent.decode() not in str(refused.value)
    assert "…" in str(refused.value)


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(("code", "outcome"), [("451", MailDeferred), ("550", MailRefused)])
def test_what_the_server_says_of_a_mail_decides(step: str, code: str, outcome: type[Exception]) -> None:
    """4xx is tried again, 5xx never; either is told with the server's own words."""
    mailbox = Mailbox({step: f"{code} not for you"})
    with mail_server(mailbox) as port, pytest.raises(outcome, match=f"^{code} not for you$"):
        transport(port).send(outgoing())
    assert not mailbox.taken


OFFER = b"250-me\r\n250 STARTTLS\r\n"


@pytest.mark.parametrize("code", ["421", "554"])
@pytest.mark.parametrize("before", [(), (b"220 me\r\n",), (b"220 me\r\n", OFFER)], ids=["greeting", "EHLO", "STARTTLS"])
def test_nothing_is_for_good_before_the_mail_is_spoken_of(code: str, before: tuple[bytes, ...]) -> None:
    """Anybody on the way can say 554 until there is TLS, and would destroy tokens with it."""
    script = answers(*before, f"{code} not here\r\n".encode())
    with scripted_server(script) as port, pytest.raises(MailDeferred, match=f"^{code} not here$"):
        transport(port, "starttls").send(outgoing())


def test_data_that_may_not_even_begin_is_refused() -> None:
    """The server says so instead of 354."""
    script = answers(b"220 me\r\n", EHLO, EHLO, EHLO, b"554 no valid recipients\r\n")
    with scripted_server(script) as port, pytest.raises(MailRefused, match="554 no valid recipients"):
        transport(port).send(outgoing())


STEPS = {
    "greeting": (),
    "EHLO": (b"220 me\r\n",),
    "MAIL": (b"220 me\r\n", EHLO),
    "RCPT": (b"220 me\r\n", EHLO, EHLO),
    "DATA": (b"220 me\r\n", EHLO, EHLO, EHLO),
    "the mail": (b"220 me\r\n", EHLO, EHLO, EHLO, b"354 go on\r\n"),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_connection_that_is_lost_is_tried_again(step: str) -> None:
    with (
        scripted_server(answers(*STEPS[step])) as port,
        pytest.raises(MailDeferred, match="connection to the mail server"),
    ):
        transport(port).send(outgoing())


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("behaviour", [stall, dribble])
def test_a_server_that_does_not_come_to_an_end_is_left_in_time(step: str, behaviour: Script) -> None:
    """Silence, or a byte now and then: without an end to the whole conversation the second one lasts for ever."""
    with scripted_server(after(STEPS[step], behaviour)) as port, pytest.raises(MailDeferred, match="answer in time"):
        transport(port, limits=HASTY).send(outgoing())


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_that_stalls_while_tls_begins_is_left_in_time(security: Security, certificates: Certificates) -> None:
    """Below TLS the time goes by as well: here comes a record that never comes to its end."""
    replies = (b"220 me\r\n", b"250-me\r\n250 STARTTLS\r\n", b"220 go\r\n") if security == "starttls" else ()
    endless_record = after(replies, dribble_tls)
    with scripted_server(endless_record) as port, pytest.raises(MailDeferred, match="answer in time"):
        transport(port, security, ca=certificates.ca, limits=HASTY).send(outgoing())


@pytest.mark.parametrize("behaviour", [endless_line, endless_lines])
def test_an_answer_without_an_end_fills_no_memory(behaviour: Script) -> None:
    """It is given up after some kilobytes, long before the time is over."""
    with scripted_server(after(STEPS["MAIL"], behaviour)) as port, pytest.raises(MailDeferred, match="has no end"):
        transport(port).send(outgoing())


@pytest.mark.parametrize(
    "rubbish", [b"HTTP/1.1 200 OK\r\n\r\n", b"\x00\xff\xfe\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", b"\r\n"]
)
@pytest.mark.parametrize("step", ["greeting", "EHLO", "MAIL", "the mail"])
def test_rubbish_is_no_refusal(rubbish: bytes, step: str) -> None:
    """Something else listens there for now; a mail is not lost for that."""
    with scripted_server(answers(*STEPS[step], rubbish)) as port, pytest.raises(MailDeferred) as deferred:
        transport(port).send(outgoing())
    assert str(deferred.value).isprintable()


def test_an_answer_is_told_whole_in_one_line() -> None:
    """Whoever keeps it takes out of it what is secret in the mail, and cuts it then: not the other way round."""
    long = b"".join(b"550-%s\x1b[31m\x00\r\n" % (b"x" * 400) for _ in range(10)) + b"550 end\r\n"
    with scripted_server(answers(*STEPS["RCPT"], long)) as port, pytest.raises(MailRefused) as refused:
        transport(port).send(outgoing())
    assert str(refused.value).endswith(" end")
    assert str(refused.value).isprintable()


def test_nobody_listening_is_tried_again() -> None:
    with socket.socket() as taken:
        # Bound, so that nobody else gets the port, and not listening.
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(MailDeferred, match="connection to the mail server failed"):
            transport(taken.getsockname()[1]).send(outgoing())


def test_what_came_before_tls_is_not_taken_for_what_came_through_it() -> None:
    """Whoever sits between could send answers ahead, to be read as the server's own behind the encryption."""
    script = answers(b"220 me\r\n", b"250-me\r\n250 STARTTLS\r\n", b"220 go\r\n250-me\r\n250 AUTH PLAIN\r\n")
    with scripted_server(script) as port, pytest.raises(MailDeferred):
        transport(port, "starttls", limits=HASTY).send(outgoing())


def test_a_domain_of_other_letters_goes_in_punycode_to_any_server() -> None:
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        transport(port).send(outgoing("ann@bücher.example"))
    assert mailbox.taken[0].rcpt_tos == ["ann@xn--bcher-kva.example"]


def test_a_mailbox_of_other_letters_goes_where_the_server_takes_it() -> None:
    """RFC 6531: only where it is offered, and then as it was written."""
    mailbox = Mailbox()
    with mail_server(mailbox, smtputf8=True) as port:
        transport(port).send(outgoing("用户@例子.公司"))
    assert mailbox.taken[0].rcpt_tos == ["用户@例子.公司"]
    assert "SMTPUTF8" in mailbox.taken[0].mail_options


def test_a_mailbox_of_other_letters_is_refused_where_the_server_does_not_take_it() -> None:
    mailbox = Mailbox()
    with mail_server(mailbox) as port, pytest.raises(MailRefused, match="SMTPUTF8"):
        transport(port).send(outgoing("用户@例子.公司"))
    assert not mailbox.taken


def test_the_goodbye_is_not_waited_for() -> None:
    """The mail is the server's by then: whoever waits longer may die before that is written down, and send it again."""
    with scripted_server(after((*STEPS["the mail"], b"250 taken\r\n"), stall)) as port:
        assert transport(port, limits=Limits(answer=60, whole=60)).send(outgoing()) == "250 taken"
