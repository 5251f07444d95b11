"""Gunicorn's own messages, as the process's JSON lines. There is no access log here: the gateway writes its own."""

from typing import Any

from gunicorn.glogging import Logger

from signet_common.observability.logs import configure_logging


class ServerLog(Logger):  # type: ignore[misc]
    """Sends what Gunicorn says to the root logger; the service is the first name of the application's module.

    The application configures logging once more with the level of its settings.
    """

    def setup(self, cfg: Any) -> None:
        service = str(cfg.proc_name).partition(".")[0].removeprefix("signet_")
        configure_logging(service, "INFO")
        self.cfg = cfg
        self.loglevel = self.LOG_LEVELS[cfg.loglevel.lower()]
        self.error_log.setLevel(self.loglevel)
        self.error_log.propagate = True
        self.access_log.disabled = True
        self._access_log_enabled = False
