"""Ports on the loopback interface."""

import socket


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:`port` now. Raises PermissionError for a privileged port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except PermissionError:
            raise
        except OSError:
            return False
        return True
