"""Mail by SMTP: one mail, one conversation, encrypted unless the deployment says otherwise.

What the server answers to MAIL, RCPT, DATA or the mail itself decides: 5xx is for good (RFC 5321, section 4.2.1), all
else is tried again. Before that nothing is for good, whatever it says: a refusal then is of us, not of this mail, and
may come from somebody on the way, whom only TLS keeps out.
"""

import base64
import smtplib
import ssl
from typing import Any

from signet_scheduler.adapters.outbound.smtp_conversation import AnswerUnusable, Conversation, Limits, ServerTooSlow
from signet_scheduler.application.mail_transport import MailDeferred, MailError, MailRefused, OutgoingMail
from signet_scheduler.domain.lines import one_line
from signet_scheduler.domain.mail_destination import SmtpServer


class SmtpTransport:
    """Fulfils the port `MailTransport`. `sender` is the address that a bounce returns to."""

    def __init__(self, server: SmtpServer, sender: str, limits: Limits | None = None) -> None:
        self._server = server
        self._sender = sender
        self._limits = limits or Limits()
        self._never_told = _spellings(server)

    def send(self, mail: OutgoingMail) -> str:
        """Hand over, and return as soon as the server has said that it has the mail."""
        conversation: Conversation | None = None
        try:
            conversation = self._connected()
            self._prepare(conversation)
            reply = self._hand_over(conversation, mail)
            conversation.leave()
        except smtplib.SMTPResponseException as refused:
            of_mail = isinstance(refused, smtplib.SMTPDataError)
            raise self._told(refused.smtp_code, refused.smtp_error, of_mail=of_mail) from None
        except ssl.SSLCertVerificationError as unproven:
            why = f"the certificate of the mail server proves nothing: {unproven.verify_message}"
            raise MailDeferred(self._cleaned(why)) from None
        except (OSError, AnswerUnusable, ServerTooSlow, ValueError) as lost:
            late = isinstance(lost, TimeoutError | ServerTooSlow) or (conversation is not None and conversation.is_over)
            raise self._lost(lost, late=late) from None
        finally:
            if conversation is not None:
                conversation.close()
        return reply

    def _connected(self) -> Conversation:
        server = self._server
        tls = self._context() if server.security == "tls" else None
        return Conversation(server.host, server.port, limits=self._limits, tls=tls)

    def _context(self) -> ssl.SSLContext:
        """Certificates and names are verified, TLS is 1.2 at least."""
        return ssl.create_default_context(cafile=self._server.ca_file)

    def _prepare(self, conversation: Conversation) -> None:
        """Encrypt and authenticate as the setting wants it."""
        self._expect(conversation.introduce(), of_mail=False)
        if self._server.security == "starttls":
            if not conversation.has_extn("starttls"):
                # Somebody on the way may have taken the offer out: nothing goes unencrypted for that.
                raise MailDeferred("the mail server offers no STARTTLS")
            self._expect(conversation.starttls(context=self._context()), of_mail=False)
            self._expect(conversation.introduce(), of_mail=False)
        if self._server.user:
            self._sign_in(conversation)

    def _sign_in(self, conversation: Conversation) -> None:
        """Once, by the simplest mechanism that is offered (RFC 4954): TLS keeps the password.

        smtplib's own `login` tries the next one after a refusal, and a server that locks accounts counts each.
        """
        conversation.user, conversation.password = self._server.user, self._server.password
        mechanisms: dict[str, Any] = {
            "PLAIN": conversation.auth_plain,
            "LOGIN": conversation.auth_login,
            "CRAM-MD5": conversation.auth_cram_md5,
        }
        offered = conversation.esmtp_features.get("auth", "").upper().split()
        for name, answer in mechanisms.items():
            if name in offered:
                conversation.auth(name, answer)
                return
        raise MailDeferred("the mail server offers no authentication that is known here")

    def _hand_over(self, conversation: Conversation, mail: OutgoingMail) -> str:
        recipient, options = mail.to.ascii, [f"SIZE={len(mail.data)}"] if conversation.has_extn("size") else []
        if recipient is None:
            if not conversation.has_extn("smtputf8"):
                raise MailRefused("the mail server takes no address that is not ASCII before the @ (SMTPUTF8)")
            recipient, options = mail.to.text, [*options, "SMTPUTF8", "BODY=8BITMIME"]
        self._expect(conversation.mail(self._sender, options), of_mail=True)
        self._expect(conversation.rcpt(recipient), of_mail=True)
        return self._expect(conversation.data(mail.data), of_mail=True)

    def _expect(self, reply: tuple[int, bytes], *, of_mail: bool) -> str:
        """What the server said, where it agreed."""
        code, answer = reply
        if code // 100 != 2:
            raise self._told(code, answer, of_mail=of_mail)
        return self._cleaned(f"{code} {answer.decode(errors='replace')}")

    def _told(self, code: int, answer: bytes | str, *, of_mail: bool) -> MailError:
        """The refusal, `of_mail` or of us; what has no code of SMTP comes from something that is no mail server."""
        text = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
        if of_mail and 500 <= code < 600:
            return MailRefused(self._cleaned(f"{code} {text}"))
        known = f"{code}" if 200 <= code < 600 else "not an answer of a mail server:"
        return MailDeferred(self._cleaned(f"{known} {text}"))

    def _lost(self, lost: Exception, *, late: bool) -> MailDeferred:
        if late:
            return MailDeferred("the mail server did not answer in time")
        return MailDeferred(self._cleaned(f"the connection to the mail server failed: {lost}"))

    def _cleaned(self, text: str) -> str:
        for spelling in self._never_told:
            text = text.replace(spelling, "…")
        return one_line(text)


def _spellings(server: SmtpServer) -> tuple[str, ...]:
    """The password in every form in which a server is sent it, and might send it back."""
    if not server.password:
        return ()
    plain = f"\0{server.user}\0{server.password}"
    return server.password, *(base64.b64encode(text.encode()).decode() for text in (server.password, plain))
