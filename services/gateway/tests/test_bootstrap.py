"""What only the real wiring can get wrong."""

import json
import time

import gevent
import pytest
from gevent.event import Event as Gate
from gevent.pywsgi import WSGIServer

from signet_gateway.bootstrap.web import build
from signet_gateway.settings import GatewaySettings

KEY = "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s"
MOTD = "/api/v1/motd"
DEMOS = "/api/v1/demos"


@pytest.fixture
def identity():
    """Serve grants at once, and everything else when `gate` opens."""
    gate = Gate()
    reached = []

    def answer(environ, start_response):
        reached.append(environ["PATH_INFO"])
        if environ["PATH_INFO"] != "/internal/grants":
            gate.wait()
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b'{"return_code":200,"return_msg":"","data":null}']

    server = WSGIServer(("127.0.0.1", 0), answer, log=None)
    server.gate, server.reached = gate, reached
    server.start()
    yield server
    gate.set()
    server.stop()


@pytest.fixture
def application(tmp_path, identity):
    folder = tmp_path / "openapi"
    folder.mkdir()
    for service, paths in {
        "identity": {MOTD: {"get": {"x-public": True}}},
        "resources": {DEMOS: {"get": {"x-permission": "demo:query"}}},
    }.items():
        info = {"title": service, "version": "1", "x-service": service}
        document = {"openapi": "3.1.0", "info": info, "paths": paths}
        (folder / f"{service}.yaml").write_text(json.dumps(document), encoding="utf-8")
    authority = f"127.0.0.1:{identity.server_port}"
    settings = GatewaySettings(
        bus_url=f"sqlite:{tmp_path}/bus.sqlite3",
        nonces_url=f"sqlite:{tmp_path}/nonces.sqlite3",
        contracts_dir=tmp_path,
        upstreams={"identity": authority, "resources": "127.0.0.1:1"},
        passport_issues=f"identity:k1:{KEY},resources:k1:{KEY}",
        connections=1,
        connect_timeout=5.0,
    )
    return build(settings).application


def test_callers_become_known_while_identity_is_busy_with_clients(house, application, identity):
    """Slow sign-ins fill the connections of clients; nobody else may be locked out by that."""
    house.application = application
    busy = gevent.spawn(house.send, "GET", MOTD)
    deadline = time.monotonic() + 5
    while not identity.reached and time.monotonic() < deadline:
        gevent.sleep(0.01)
    assert identity.reached == [MOTD]
    answer = house.signed("GET", DEMOS, timestamp=int(time.time()))
    assert answer.code == 401006  # asked, and told that nobody has this key: not 503001
    identity.gate.set()
    assert busy.get(timeout=5).code == 200
