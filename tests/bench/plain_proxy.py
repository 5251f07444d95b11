"""The platform's nginx in everything but its limits, in front of one process: wrk itself knows no unix sockets."""

from collections.abc import Iterator
from contextlib import contextmanager

from deploy.local import nginx

from signet_testing.doors import Door, address_of
from signet_testing.free_ports import free_port
from signet_testing.nginx import NginxServer

_WITHOUT_LIMIT = (f"rate={nginx.LIMITS['requests_per_second']}r/s", "rate=1000000r/s")


@contextmanager
def in_front_of(door: Door) -> Iterator[NginxServer]:
    """The limit would refuse a part of what so little work can answer."""
    port = free_port()
    configuration = nginx.configuration(port, address_of(door)).replace(*_WITHOUT_LIMIT)
    with NginxServer(configuration, port) as front:
        yield front
