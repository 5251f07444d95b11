"""How a long piece of work in a web process leaves room for others."""

import time


def let_others() -> None:
    """Give gevent's loop a turn."""
    time.sleep(0)
