"""The template for production stays in step with what `make run` starts."""

from configparser import RawConfigParser
from pathlib import Path

from deploy.local.layout import Home
from deploy.local.options import Options
from deploy.local.processes import Wiring

TEMPLATE = Path(__file__).parents[2] / "deploy" / "supervisor" / "signet.conf"


def test_the_template_runs_the_same_processes_in_the_same_stop_order(tmp_path: Path) -> None:
    """A service that is added to one and not to the other would be missing in production."""
    template = RawConfigParser()
    template.read_string(TEMPLATE.read_text())
    planned = Wiring(Options(home=Home(tmp_path), port=1), bytes(32), {"SCHEDULER_BUS_URL": "amqp://h"}).plan()

    assert {f"program:{process.name}" for process in planned} == set(template.sections())
    for process in planned:
        section = template[f"program:{process.name}"]
        assert int(section["priority"]) == 10 * process.layer
        module = process.command[-1].removesuffix(":create()")
        assert module in section["command"]
