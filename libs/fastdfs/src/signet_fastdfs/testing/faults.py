"""How a peer may misbehave. Each is given to `Peer.misbehave`, and applied to the requests that it is meant for."""

from dataclasses import dataclass, replace

from signet_fastdfs import wire
from signet_fastdfs.testing.channel import Channel, Hangup, Reply


@dataclass(frozen=True)
class Fault:
    """A peer that behaves; the others change one of its three steps."""

    def before_body(self, _channel: Channel) -> int | None:
        """Once the header and fixed part of a request are there; returns a status to refuse with."""
        return None

    def on_reply(self, reply: Reply) -> Reply:
        """Change what is answered."""
        return reply

    def send(self, channel: Channel, reply: Reply) -> None:
        """Send it."""
        channel.send(reply)


@dataclass(frozen=True)
class Close(Fault):
    """Close after so many bytes of the reply."""

    after: int = 0

    def send(self, channel: Channel, reply: Reply) -> None:
        channel.send_first(self.after, reply)
        raise Hangup


@dataclass(frozen=True)
class Stall(Fault):
    """Send so many bytes of the reply and nothing more, with the connection open."""

    after: int = 0

    def send(self, channel: Channel, reply: Reply) -> None:
        channel.send_first(self.after, reply)
        channel.wait_for_the_end()


@dataclass(frozen=True)
class Dribble(Fault):
    """Send the reply byte by byte, with a pause before each."""

    pause: float = 0.02

    def send(self, channel: Channel, reply: Reply) -> None:
        channel.dribble(reply, self.pause)


@dataclass(frozen=True)
class StopReading(Fault):
    """Take no more of a request's body; `status` answers and closes, as a full disk does, None waits for ever."""

    status: int | None = None

    def before_body(self, _channel: Channel) -> int | None:
        if self.status is None:
            _channel.wait_for_the_end()
        else:
            _channel.send(Reply(self.status))
        raise Hangup


@dataclass(frozen=True)
class HangUpOnBody(Fault):
    """Close when the body of a request begins."""

    def before_body(self, _channel: Channel) -> int | None:
        raise Hangup


@dataclass(frozen=True)
class LieAboutLength(Fault):
    """Announce so many bytes more (or less) than are sent."""

    by: int = 1

    def on_reply(self, reply: Reply) -> Reply:
        return replace(reply, length=reply.size + self.by)


@dataclass(frozen=True)
class WrongCommand(Fault):
    """Answer with another command than 100."""

    command: int = 99

    def on_reply(self, reply: Reply) -> Reply:
        return replace(reply, command=self.command)


@dataclass(frozen=True)
class Refuse(Fault):
    """Answer with a status and do nothing."""

    status: int

    def before_body(self, _channel: Channel) -> int | None:
        return self.status


@dataclass(frozen=True)
class Replace(Fault):
    """Answer with another body, whose length is announced truthfully."""

    body: bytes

    def on_reply(self, reply: Reply) -> Reply:
        return replace(reply, body=self.body, zeros=0)


@dataclass(frozen=True)
class StrayBody(Fault):
    """Answer with a body where none belongs, of announced length: also after a status that is an error."""

    body: bytes = b"x" * 60
    status: int = 0

    def on_reply(self, reply: Reply) -> Reply:
        return replace(reply, body=self.body, status=self.status)


@dataclass(frozen=True)
class StrayBytes(Fault):
    """Send bytes behind the reply that nobody announced."""

    extra: bytes = b"\0" * wire.HEADER.size

    def send(self, channel: Channel, reply: Reply) -> None:
        channel.send_with(self.extra, reply)
