"""What a message to a worker is: the id of a run and the number of the attempt, in Dramatiq's own form."""

from dramatiq import Message

from signet_scheduler.application.wake_runs import DueRun

QUEUE = "signet.jobs"
ACTOR = "run"


def message_of(run: DueRun) -> Message[None]:
    """What wakes a worker for it."""
    return Message(queue_name=QUEUE, actor_name=ACTOR, args=tuple(run), kwargs={}, options={})
