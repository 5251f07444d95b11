"""What a stranger on the same machine finds of a platform: one TCP port, and sockets that are not theirs to open."""

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from signet_protocol.return_codes import ReturnCode
from signet_testing.eventually import eventually
from signet_testing.file_modes import mode
from signet_testing.packages import NGINX, ServerMissing
from signet_testing.platform import Platform
from signet_testing.plugin import skip_or_fail
from signet_testing.process import descendants
from signet_testing.profiles import embedded_settings
from signet_testing.raw_http import RawRequest, send
from signet_testing.signed_api import SignedApi

pytestmark = pytest.mark.e2e

DEMOS = "/api/v1/demos"
LISTENING = "0A"
"""TCP_LISTEN in /proc/net/tcp (proc(5))."""


@pytest.fixture(scope="module", params=["gateway", pytest.param("nginx", marks=pytest.mark.servers)])
def walled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform whose public door is the gateway, and one with nginx in front."""
    if request.param == "nginx":
        try:
            NGINX.find("nginx")
        except ServerMissing as missing:
            skip_or_fail(missing)
    settings = {**embedded_settings(), "SIGNET_NGINX": "on" if request.param == "nginx" else "off"}
    with Platform(tmp_path_factory.mktemp("walled"), settings) as running:
        yield running


def has_nginx(platform: Platform) -> bool:
    return "nginx" in platform.processes()


def sockets_inside(platform: Platform) -> dict[str, Path]:
    """Web process → its socket; not of the one that stands outermost."""
    doors = {name: platform.door_of(name) for name in platform.processes() if name.endswith("-web")}
    return {name: door for name, door in doors.items() if isinstance(door, Path)}


def alive(door: Path) -> bool:
    try:
        return send(door, RawRequest("GET", "/healthz")).status == 200
    except OSError:
        return False


def tcp_ports(platform: Platform) -> set[int]:
    """Every port that one of its processes listens on."""
    inodes = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == LISTENING:
                inodes[f"socket:[{words[9]}]"] = int(words[1].rpartition(":")[2], 16)
    ports = set()
    for root in platform.processes().values():
        for process in (root, *descendants(root)):
            ports |= {inodes[name] for name in open_files(process) & inodes.keys()}
    return ports


def open_files(process: int) -> set[str]:
    """What a process has open at the moment; it opens and closes files while it is looked at."""
    found = set()
    with suppress(FileNotFoundError):  # a process that has ended
        for file in Path(f"/proc/{process}/fd").iterdir():
            with suppress(FileNotFoundError):
                found.add(str(file.readlink()))
    return found


def test_the_public_port_is_the_only_one(walled: Platform) -> None:
    """Who reached the gateway's own port could say where a request came from; every user of a machine reaches ports."""
    assert tcp_ports(walled) == {walled.port}
    inside = {"identity-web", "resources-web", "files-web", "audit-web", "scheduler-web"} | (
        {"gateway-web"} if has_nginx(walled) else set()
    )
    assert sockets_inside(walled).keys() == inside


def test_the_sockets_are_their_owner_s_alone(walled: Platform) -> None:
    """Twice: by the folder, and by each file for systems that heed it and for folders that get opened one day."""
    sockets = sockets_inside(walled).values()
    assert {mode(path) for path in sockets} == {0o600}
    for folder in {path.parent for path in sockets}:
        assert (folder.stat().st_uid, mode(folder)) == (os.getuid(), 0o700)


def test_whoever_gets_in_still_needs_a_passport(walled: Platform) -> None:
    """Permissions of files are the second wall, never the only one."""
    for name, door in sockets_inside(walled).items():
        wanted = ReturnCode.AUTH_PARAMS_REQUIRED if name == "gateway-web" else ReturnCode.PASSPORT_INVALID
        assert send(door, RawRequest("GET", DEMOS, (("X-Forwarded-For", "127.0.0.1"),))).code == wanted


def test_the_client_s_address_is_that_of_its_connection(walled: Platform) -> None:
    """Whatever it says; and it is never the nameless peer that nginx is to the gateway."""
    api = SignedApi(walled.port, walled.first_run.credential)
    answer = api.call("GET", DEMOS, source="127.0.0.77", X_Forwarded_For="203.0.113.9")
    [record] = api.records(request_id=answer.headers["X-Request-Id"])
    assert record["client_ip"] == "127.0.0.77"


def test_a_killed_process_takes_its_socket_back(walled: Platform) -> None:
    """Its file is still there: it must be replaced, and nobody may be left knocking at the old one."""
    api = SignedApi(walled.port, walled.first_run.credential)
    doors = sockets_inside(walled)
    killed = {name: walled.kill(name) for name in doors}
    for name, door in doors.items():
        eventually(lambda name=name: walled.process(name) != killed[name], 30, f"another {name}")
        eventually(lambda door=door: alive(door), 30, f"{name} at its socket")
        assert mode(door) == 0o600
    eventually(lambda: send(walled.port, RawRequest("GET", "/readyz")).status == 200, 30, "health")
    assert api.call("POST", DEMOS, {"demo_name": f"s{secrets.token_hex(6)}"}).code == ReturnCode.SUCCESS


def test_an_ordered_stop_leaves_no_socket(tmp_path: Path) -> None:
    """Nor the folder of them, where the home's path is too long for a socket."""
    home = tmp_path / ("long" * 25)
    platform = Platform(home, {**embedded_settings(), "SIGNET_GATEWAY_WORKERS": "1"})
    with platform:
        sockets = sockets_inside(platform).values()
        assert all(path.is_socket() for path in sockets)
        assert not any(home in path.parents for path in sockets)
    assert not any(path.parent.exists() for path in sockets)
