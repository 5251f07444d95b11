"""nginx as `make run` puts it in front."""

from pathlib import Path

from deploy.local import nginx
from deploy.local.layout import Home
from deploy.local.options import Options
from deploy.local.processes import Layer


def test_the_template_is_filled_in_for_loopback(tmp_path: Path) -> None:
    """A placeholder that the template gains must be given a value here, and nothing may listen on other interfaces."""
    home = Home(tmp_path)
    home.create()

    (process,) = nginx.processes(Options(home=home, port=18080, nginx="/usr/sbin/nginx"), gateway_port=20000)

    written = (home.run / "nginx" / "nginx.conf").read_text()
    assert "listen 127.0.0.1:18080;" in written
    assert "server 127.0.0.1:20000" in written
    assert "${" not in written
    assert (process.layer, process.stop_signal) == (Layer.FRONT, "QUIT")


def test_without_nginx_there_is_no_process(tmp_path: Path) -> None:
    """The gateway then faces the public port itself."""
    assert nginx.processes(Options(home=Home(tmp_path), port=18080), gateway_port=18080) == []
