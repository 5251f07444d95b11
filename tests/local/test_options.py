"""What a person may choose, and what is refused."""

from pathlib import Path

import pytest
from deploy.local.errors import SettingRefused
from deploy.local.options import read_options


def test_defaults_need_no_setting_at_all() -> None:
    """`make run` alone has to work."""
    options = read_options({"SIGNET_NGINX": "off"})

    assert options.url == "http://127.0.0.1:8080"
    assert options.home.folder.name == "var"
    assert options.stateful == ("audit", "files", "identity", "resources", "scheduler")


def test_port_and_folder_move_the_instance(tmp_path: Path) -> None:
    """Two instances differ in these two alone."""
    options = read_options({"SIGNET_PORT": "9090", "SIGNET_HOME": str(tmp_path), "SIGNET_NGINX": "off"})

    assert (options.port, options.home.folder) == (9090, tmp_path)


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "８０", "80.5"])
def test_a_port_that_is_none_is_named(port: str) -> None:
    """The line has to say which variable to mend."""
    with pytest.raises(SettingRefused, match="SIGNET_PORT"):
        read_options({"SIGNET_PORT": port})


def test_a_misspelt_setting_is_refused_with_the_right_name() -> None:
    """Silently running on the default port would be worse."""
    with pytest.raises(SettingRefused, match=r"SIGNET_PROT.*SIGNET_PORT"):
        read_options({"SIGNET_PROT": "9090"})


def test_settings_of_the_command_line_are_left_alone() -> None:
    """A shell that talks to one platform may start another."""
    assert read_options({"SIGNET_URL": "http://127.0.0.1:9", "SIGNET_API_KEY": "ak", "SIGNET_SECRET": "s"}).port == 8080


def test_a_service_that_does_not_exist_is_refused() -> None:
    """A typing mistake must not start the whole platform."""
    with pytest.raises(SettingRefused, match="audit, files, gateway, identity, resources, scheduler"):
        read_options({}, service="resource")


def test_one_service_alone_migrates_only_its_own_database() -> None:
    """A team starts its service without anybody else's."""
    assert read_options({}, service="resources").stateful == ("resources",)
    assert read_options({}, service="gateway").stateful == ()


def test_nginx_is_left_out_when_switched_off() -> None:
    """The setting wins over what is installed."""
    assert read_options({"SIGNET_NGINX": "off"}).nginx is None
    with pytest.raises(SettingRefused, match="SIGNET_NGINX"):
        read_options({"SIGNET_NGINX": "maybe"})
