"""The one actor. Dramatiq brings a message to a thread; what is to be done stands in the row."""

from collections.abc import Callable

import dramatiq
from dramatiq.broker import MessageProxy
from dramatiq.middleware import Middleware

from signet_scheduler.adapters.messages import ACTOR, QUEUE
from signet_scheduler.domain.runs import RunState

Run = Callable[[int, int], RunState | None]


class RunFailed(Exception):
    """The run has failed in all of its attempts, or for good; its row says why."""


class DeadLetters(Middleware):
    """Rejects the message of a run that has failed for good, so that the broker sets it aside.

    Every other message is done with, whatever became of it: a row that waits again is told anew.
    """

    @property
    def actor_options(self) -> set[str]:
        """Dramatiq logs what stands under `throws` without a traceback."""
        return {"throws"}

    def after_process_message(
        self,
        broker: dramatiq.Broker,  # noqa: ARG002 - Dramatiq's signature
        message: MessageProxy,
        *,
        result: object = None,  # noqa: ARG002
        exception: BaseException | None = None,
    ) -> None:
        """Reject it, if so."""
        if isinstance(exception, RunFailed):
            message.fail()


def declare_actor(broker: dramatiq.Broker, run: Run) -> None:
    """Let `broker` know the actor, and with it the queue."""

    def act(run_id: int, attempt: int) -> None:
        if run(int(run_id), int(attempt)) == "failed":
            raise RunFailed(f"run {run_id} has failed in attempt {attempt}")

    dramatiq.actor(broker=broker, actor_name=ACTOR, queue_name=QUEUE, throws=RunFailed)(act)
