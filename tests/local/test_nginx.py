"""nginx as `make run` puts it in front."""

import json
import os
from pathlib import Path

from deploy.local import nginx
from deploy.local.layout import Home
from deploy.local.options import Options
from deploy.local.processes import Layer
from deploy.local.stream_locations import stream_locations


def test_the_template_is_filled_in_for_loopback(tmp_path: Path) -> None:
    """A placeholder that the template gains must be given a value here, and nothing may listen on other interfaces."""
    home = Home(tmp_path)
    home.create()

    options = Options(home=home, port=18080, nginx="/usr/sbin/nginx")
    (process,) = nginx.processes(options, gateway="unix:/run/gateway.sock")

    written = (home.run / "nginx" / "nginx.conf").read_text()
    assert "listen 127.0.0.1:18080;" in written
    assert "server unix:/run/gateway.sock " in written
    assert "${" not in written
    assert ("user " in written) == (os.geteuid() == 0), "as root the worker would otherwise not reach the socket"
    assert (process.layer, process.stop_signal) == (Layer.FRONT, "QUIT")


def test_without_nginx_there_is_no_process(tmp_path: Path) -> None:
    """The gateway then faces the public port itself."""
    assert nginx.processes(Options(home=Home(tmp_path), port=18080), gateway="127.0.0.1:18080") == []


def test_the_paths_of_streams_pass_unbuffered_and_with_their_own_limit(tmp_path: Path) -> None:
    """Each is matched whole, so that no other path escapes the buffers that shield the gateway."""
    (tmp_path / "openapi").mkdir()
    document = {
        "paths": {
            "/api/v1/files": {"post": {"x-stream": True, "x-max-body-bytes": 5}, "get": {}},
            "/api/v1/files/{file_id}/content": {"get": {"x-stream": True}},
            "/api/v1/demos": {"post": {"x-max-body-bytes": 7}},
        }
    }
    (tmp_path / "openapi" / "files.yaml").write_text(json.dumps(document))

    upload, download = stream_locations(tmp_path).split("location ")[1:]

    assert upload.startswith("~ ^/api/v1/files$ {")
    assert download.startswith("~ ^/api/v1/files/[^/]+/content$ {")
    assert "client_max_body_size 5;" in upload
    assert "client_max_body_size" not in download
    for block in (upload, download):
        assert "proxy_request_buffering off;" in block
        assert "proxy_buffering off;" in block
        # Unbuffered, nginx passes on as much at a time as its one buffer holds: 4 KiB where nothing is said.
        assert "proxy_buffer_size 256k;" in block
