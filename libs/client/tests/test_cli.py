"""The command line against a gateway that proves every signature: outcomes by exit status, secrets nowhere."""

import json
import shlex
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

API_KEY = "ak_7Q2mJ0vS4kXn8bTz"
SECRET = "c2lnbmV0LXRlc3QtdmVjdG9yLXNlY3JldC0wMDAwMDE"
TOKEN = "st_9fQ1x5yWc3Rk7LbE"
SESSION_SECRET = "c2lnbmV0LXRlc3Qtc2Vzc2lvbi1zZWNyZXQtMDAwMDI"
PASSWORD = "correct horse battery"
SESSION = {
    "session_id": 9,
    "user_id": 1,
    "token": TOKEN,
    "secret": SESSION_SECRET,
    "expires_at": "2036-01-01T12:00:00Z",
}
DEMO = {
    "demo_id": 7,
    "demo_name": "first",
    "demo_state": "active",
    "version": 1,
    "created_at": "2026-01-01T00:00:00Z",
    "created_by": 1,
    "updated_at": "2026-01-01T00:00:00Z",
    "updated_by": 1,
}


@pytest.fixture
def first_run(tmp_path: Path, gateway_url: str) -> Path:
    path = tmp_path / "first-run.json"
    path.touch(mode=0o600)
    values = {"url": gateway_url, "user_name": "admin", "password": PASSWORD, "api_key": API_KEY, "secret": SECRET}
    path.write_text(json.dumps(values))
    return path


def test_demo_is_created_and_shown_as_a_table(signet: Any, gateway: Any) -> None:
    """A person reads fields, not JSON."""
    gateway.reply(DEMO)
    result = signet("demos", "create", "first", "--state", "active")
    assert result.exit_code == 0, result.output
    assert "demo_name" in result.stdout
    assert "first" in result.stdout
    assert gateway.received[0].json == {"demo_name": "first", "demo_state": "active"}


@pytest.mark.parametrize("arguments", [("--json", "demos", "get", "7"), ("demos", "get", "7", "--json")])
def test_json_is_asked_for_on_either_side(signet: Any, gateway: Any, arguments: tuple[str, ...]) -> None:
    """Standard output then holds the JSON and nothing else."""
    gateway.reply(DEMO)
    result = signet(*arguments)
    assert json.loads(result.stdout) == DEMO


def test_list_prints_one_line_per_demo_into_a_pipe(signet: Any, gateway: Any) -> None:
    """Rows that wrap cannot be cut or counted."""
    demos = [DEMO | {"demo_id": number, "demo_name": "x" * 100} for number in range(3)]
    gateway.reply({"demos": demos, "page": 1, "per_page": 3, "has_more": True, "total": 9})
    result = signet("demos", "list", "--name", "x", "--from", "2026-01-01", "--to", "2026-01-31", "--count")
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == 4
    assert "9 in all" in result.stderr
    assert "create_date_end=2026-01-31" in gateway.received[0].target


def test_a_table_ends_its_lines_with_text(signet: Any, gateway: Any) -> None:
    """Spaces at the end of a line show up in every diff and every copy."""
    gateway.reply(DEMO)
    lines = signet("demos", "get", "7").stdout.splitlines()
    assert lines[0] == "field       value"
    assert [line for line in lines if line != line.rstrip()] == []


@pytest.mark.parametrize(
    ("arguments", "plural"),
    [(("demos", "list"), "demos"), (("audit", "search"), "records"), (("keys", "list"), "api_keys")],
)
def test_an_empty_list_says_none_beside_the_answer(
    signet: Any, gateway: Any, arguments: tuple[str, ...], plural: str
) -> None:
    """A heading without rows looks like an answer that was cut off; a script reads no line at all."""
    gateway.reply({plural: [], "page": 1, "per_page": 20, "has_more": False})
    result = signet(*arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "none\n")


def test_update_sends_only_what_was_given(signet: Any, gateway: Any) -> None:
    """An absent option must not clear a field."""
    gateway.reply(DEMO | {"version": 2})
    result = signet("demos", "update", "7", "--state", "inactive", "--if-match", "1", "--json")
    assert json.loads(result.stdout)["version"] == 2
    assert gateway.received[0].json == {"demo_state": "inactive"}
    assert gateway.received[0].headers["if-match"] == '"1"'


def test_update_without_a_change_is_bad_usage(signet: Any, gateway: Any) -> None:
    """Nothing is sent for nothing."""
    assert signet("demos", "update", "7").exit_code == 2
    assert gateway.received == []


def test_delete_confirms_on_standard_error(signet: Any, gateway: Any) -> None:
    """Standard output is for answers."""
    gateway.reply(None)
    result = signet("demos", "delete", "7")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "7" in result.stderr


def test_audit_search_shows_who_and_from_where(signet: Any, gateway: Any) -> None:
    """The question that the platform exists for."""
    record = {
        "event_id": "0198",
        "time": "2026-01-01T00:00:00Z",
        "service": "resources",
        "resource": "demo",
        "operation": "insert",
        "object_id": "7",
        "object_version": 1,
        "actor": {"user_id": 1, "user_name": "admin", "authentication": "api_key", "credential_id": "api_key/1"},
        "request_id": "r-1",
        "request_digest": "d",
        "client_ip": "192.0.2.7",
        "changes": {"demo_name": [None, "first"]},
        "trace_id": "t",
    }
    page = {"records": [record], "page": 1, "per_page": 20, "has_more": False}
    gateway.reply(page)
    gateway.reply(page)
    table = signet("audit", "search", "--resource", "demo", "--object-id", "7", "--from", "2026-01-01")
    assert table.exit_code == 0, table.output
    for shown in ("admin", "insert", "192.0.2.7", "r-1"):
        assert shown in table.stdout
    assert json.loads(signet("audit", "search", "--json").stdout) == page


@pytest.mark.parametrize(
    ("code", "status"), [(400002, 1), (403001, 1), (401006, 3), (404001, 4), (409001, 5), (412001, 5), (500001, 1)]
)
def test_refusals_have_their_exit_status_and_one_line(signet: Any, gateway: Any, code: int, status: int) -> None:
    """A script branches on the status, a person reads the line."""
    gateway.reply({"errors": [{"field": "demo_name", "message": "too long"}]}, code=code, message="Said no.")
    result = signet("demos", "create", "x")
    assert result.exit_code == status
    assert f"signet: {code} Said no." in result.stderr
    assert "demo_name: too long" in result.stderr
    assert "0198-request" in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.output


def test_a_field_at_fault_is_told_once(signet: Any, gateway: Any) -> None:
    """The platform puts the first fault into its message; only the others are news."""
    faults = [{"field": "demo_name", "message": "is too long"}, {"field": "demo_state", "message": "is none"}]
    gateway.reply({"errors": faults}, code=400002, message="demo_name: is too long")
    lines = signet("demos", "create", "x").stderr.splitlines()
    assert lines == ["signet: 400002 demo_name: is too long", "  demo_state: is none", "  request 0198-request"]


def test_refusal_is_json_for_machines(signet: Any, gateway: Any) -> None:
    """The same fields as the envelope, and the request id."""
    gateway.reply(code=404001, message="No.")
    result = signet("demos", "get", "7", "--json")
    assert json.loads(result.stderr) == {
        "return_code": 404001,
        "return_msg": "No.",
        "data": None,
        "request_id": "0198-request",
    }


def test_gateway_that_is_not_there_is_exit_6(signet: Any) -> None:
    """Port 1 of the loopback refuses."""
    result = signet("--url", "http://127.0.0.1:1", "demos", "list")
    assert result.exit_code == 6
    assert "http://127.0.0.1:1" in result.stderr


def test_gateway_on_this_machine_is_reached_past_a_proxy(signet: Any, gateway: Any) -> None:
    """A proxy of the environment is for other machines."""
    signet.environment["HTTP_PROXY"] = signet.environment["ALL_PROXY"] = "http://127.0.0.1:1"
    gateway.reply(DEMO)
    assert signet("demos", "get", "7").exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("demos", "get", "seven"),
        ("demos", "list", "--per-page", "101"),
        ("demos", "list", "--from", "yesterday"),
        ("--url", "gateway", "demos", "list"),
        ("--profile", "../x", "demos", "list"),
        ("nonsense",),
    ],
)
def test_bad_usage_is_exit_2_and_sends_nothing(signet: Any, gateway: Any, arguments: tuple[str, ...]) -> None:
    """Found before the wire."""
    assert signet(*arguments).exit_code == 2
    assert gateway.received == []


def test_without_a_credential_it_says_how_to_sign_in(signet: Any) -> None:
    """The first thing that a new user meets."""
    signet.forget_environment()
    result = signet("demos", "list")
    assert result.exit_code == 3
    assert "signet login" in result.stderr


def test_half_a_credential_in_the_environment_is_named(signet: Any) -> None:
    """Falling back to another identity in silence would act as somebody else."""
    signet.environment["SIGNET_SECRET"] = None
    result = signet("demos", "list")
    assert result.exit_code == 3
    assert "SIGNET_SECRET" in result.stderr


def test_login_keeps_a_session_that_only_the_owner_reads(signet: Any, gateway: Any) -> None:
    """The password comes by standard input; neither it nor a secret is printed, or sent anywhere else."""
    signet.forget_environment()
    gateway.reply(SESSION)
    result = signet("--url", signet.url, "login", "--user", "admin", stdin=f"{PASSWORD}\n")
    assert result.exit_code == 0, result.output
    assert gateway.received[0].json == {"login": "admin", "password": PASSWORD}
    assert stat.S_IMODE(signet.profile.stat().st_mode) == 0o600
    assert stat.S_IMODE(signet.profile.parent.stat().st_mode) == 0o700
    for hidden in (PASSWORD, TOKEN, SESSION_SECRET):
        assert hidden not in result.output
    assert PASSWORD not in signet.profile.read_text()
    gateway.reply(DEMO)
    assert signet("demos", "get", "7").exit_code == 0
    assert gateway.received[1].headers["authorization"] == f"Bearer {TOKEN}"


def test_login_takes_the_user_as_an_argument(signet: Any, gateway: Any) -> None:
    """What everybody types first; the option stays for scripts, and two different users are refused."""
    gateway.reply(SESSION)
    assert signet("login", "ada", stdin=f"{PASSWORD}\n").exit_code == 0
    assert gateway.received[0].json == {"login": "ada", "password": PASSWORD}
    assert signet("login", "ada", "--user", "bob", stdin=f"{PASSWORD}\n").exit_code == 2
    assert len(gateway.received) == 1


def test_first_run_file_signs_in_its_administrator(signet: Any, gateway: Any, first_run: Path) -> None:
    """The shortest way from a fresh platform to a session."""
    signet.forget_environment()
    gateway.reply(SESSION)
    result = signet("--first-run", str(first_run), "login", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["user_id"] == 1
    assert gateway.received[0].json == {"login": "admin", "password": PASSWORD}


def test_first_run_file_signs_without_a_session(signet: Any, gateway: Any, first_run: Path) -> None:
    """Scripts of the platform itself need no profile, and the option goes before the environment."""
    signet.environment["SIGNET_API_KEY"] = "ak_other"
    gateway.reply(DEMO)
    assert signet("--first-run", str(first_run), "demos", "get", "7").exit_code == 0
    assert gateway.received[0].headers["x-api-key"] == API_KEY


def test_first_run_file_is_found_by_the_environment(signet: Any, gateway: Any, first_run: Path) -> None:
    """A tour of many commands names the file once."""
    signet.forget_environment()
    signet.environment["SIGNET_FIRST_RUN"] = str(first_run)
    gateway.reply(DEMO)
    assert signet("demos", "get", "7").exit_code == 0
    assert gateway.received[0].headers["x-api-key"] == API_KEY


def test_a_profile_that_is_asked_for_wins_over_the_environment(signet: Any, gateway: Any, first_run: Path) -> None:
    """A variable set long ago must not turn a command with --profile into the administrator's."""
    signet.forget_environment()
    gateway.reply(SESSION)
    assert signet("--url", signet.url, "--profile", "me", "login", "ada", stdin=f"{PASSWORD}\n").exit_code == 0
    signet.environment["SIGNET_FIRST_RUN"] = str(first_run)
    gateway.reply(DEMO)
    assert signet("--profile", "me", "demos", "get", "7").exit_code == 0
    assert gateway.received[1].headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"url": 1}'])
def test_unusable_credential_file_is_named(signet: Any, first_run: Path, content: str) -> None:
    """The path is what the user can act on."""
    first_run.write_text(content)
    result = signet("--first-run", str(first_run), "demos", "list")
    assert result.exit_code == 3
    assert str(first_run) in result.stderr


def test_credential_file_that_others_can_read_is_refused(signet: Any, gateway: Any, first_run: Path) -> None:
    """Its secret has to be considered known."""
    first_run.chmod(0o644)
    result = signet("--first-run", str(first_run), "demos", "list")
    assert result.exit_code == 3
    assert "chmod 600" in result.stderr
    assert gateway.received == []


def test_logout_ends_the_session_and_forgets_it(signet: Any, gateway: Any) -> None:
    """On both sides."""
    signet.forget_environment()
    gateway.reply(SESSION)
    gateway.reply(None)
    signet("--url", signet.url, "login", "--user", "admin", stdin=f"{PASSWORD}\n")
    result = signet("logout")
    assert result.exit_code == 0, result.output
    assert (gateway.received[1].method, gateway.received[1].target) == ("DELETE", "/api/v1/sessions/current")
    assert not signet.profile.exists()


def test_logout_forgets_a_session_that_was_over(signet: Any, gateway: Any) -> None:
    """Nobody should have to delete a file by hand."""
    signet.forget_environment()
    gateway.reply(SESSION)
    gateway.reply(code=401009)
    signet("--url", signet.url, "login", "--user", "admin", stdin=f"{PASSWORD}\n")
    assert signet("logout").exit_code == 0
    assert not signet.profile.exists()


def test_refused_login_is_exit_3_and_keeps_nothing(signet: Any, gateway: Any) -> None:
    """A failed sign-in must not leave a profile behind."""
    gateway.reply(code=401011, message="The login or the password is wrong.")
    result = signet("login", "--user", "admin", stdin="wrong\n")
    assert result.exit_code == 3
    assert "Sign in again" not in result.stderr
    assert not signet.profile.exists()


def test_a_session_that_is_over_says_how_to_go_on(signet: Any, gateway: Any) -> None:
    """The code alone tells nobody what to do."""
    gateway.reply(code=401009, message="No.")
    assert "Sign in again: signet login" in signet("demos", "list").stderr


def test_user_is_created_with_a_password_from_standard_input(signet: Any, gateway: Any) -> None:
    """Arguments are visible to every process of the machine."""
    gateway.reply({"user_id": 2, "user_name": "ada", "user_state": "active", "roles": ["user"]})
    result = signet("users", "create", "ada", "--role", "user", stdin=f"{PASSWORD}\n")
    assert result.exit_code == 0, result.output
    assert gateway.received[0].json == {"user_name": "ada", "password": PASSWORD, "roles": ["user"]}
    assert PASSWORD not in result.output


def test_user_without_a_password_on_standard_input_is_bad_usage(signet: Any, gateway: Any) -> None:
    """An empty pipe is a mistake, not an account without sign-in."""
    assert signet("users", "create", "ada").exit_code == 2
    assert gateway.received == []


def test_users_are_listed(signet: Any, gateway: Any) -> None:
    """Roles are shown as words."""
    user = {"user_id": 1, "user_name": "admin", "user_state": "active", "roles": ["administrator", "auditor"]}
    gateway.reply({"users": [user], "page": 1, "per_page": 20, "has_more": False})
    assert "administrator, auditor" in signet("users", "list").stdout


def test_new_key_is_shown_once_or_kept_unseen(signet: Any, gateway: Any) -> None:
    """With --save the secret goes from the wire into a 0600 file."""
    key = {"api_key_id": 3, "api_key": API_KEY, "secret": SECRET, "expires_at": None}
    gateway.reply(key)
    gateway.reply(key)
    assert SECRET in signet("keys", "create").stdout
    kept = signet("keys", "create", "--save", "robot")
    assert kept.exit_code == 0, kept.output
    assert SECRET not in kept.output
    signet.forget_environment()
    gateway.reply(DEMO)
    assert signet("--profile", "robot", "demos", "get", "7").exit_code == 0
    assert gateway.received[2].headers["x-api-key"] == API_KEY


def test_keys_are_listed_and_revoked(signet: Any, gateway: Any) -> None:
    """A listing never has a secret, whatever the platform sends."""
    key = {"api_key_id": 3, "api_key": "ak_x", "api_key_state": "active", "secret": "oops"}
    gateway.reply({"api_keys": [key], "page": 1, "per_page": 20, "has_more": False})
    gateway.reply(None)
    listing = signet("keys", "list", "--json")
    assert "ak_x" in listing.stdout
    assert "oops" not in listing.output
    assert signet("keys", "revoke", "3").exit_code == 0


def test_control_characters_never_reach_the_terminal(signet: Any, gateway: Any) -> None:
    """A name is somebody else's text: it must not move the cursor, nor be read as markup."""
    gateway.reply(DEMO | {"demo_name": "\x1b[2J\u009b1m[red]\ud800"})
    result = signet("demos", "get", "7")
    assert result.exit_code == 0, result.output
    assert "\x1b" not in result.stdout
    assert "\u009b" not in result.stdout
    assert "\\x1b[2J" in result.stdout
    assert "[red]" in result.stdout


@pytest.mark.usefixtures("shell_tools")
@pytest.mark.parametrize(
    ("method", "target", "options"),
    [
        ("GET", "/api/v1/demos?demo_name=a%2fb%20it's&x=[1]", ()),
        ("post", "/api/v1/demos", ("--data", '{"demo_name":"数据🙂 $HOME \'x\'"}', "--header", "Idempotency-Key: k 1")),
        ("PATCH", "/api/v1/demos/7?", ("--data", "{}", "--header", 'If-Match: "1"', "--header", "Content-Type: a/b")),
        ("DELETE", "/api/v1/demos/7", ()),
        ("HEAD", "/api/v1/demos/...", ()),
    ],
)
def test_signed_curl_line_runs(signet: Any, gateway: Any, method: str, target: str, options: tuple[str, ...]) -> None:
    """curl sends what was signed: target, quotes, body and headers byte for byte."""
    result = signet("sign", method, target, *options)
    assert result.exit_code == 0, result.output
    assert SECRET not in result.output
    run = subprocess.run(
        ["sh", "-c", f"{result.stdout.rstrip()} --noproxy '*'"], capture_output=True, timeout=30, check=False
    )
    assert run.returncode == 0, run.stderr
    [received] = gateway.received
    assert (received.method, received.target) == (method.upper(), target)
    if method != "HEAD":
        assert json.loads(run.stdout)["return_code"] == 200


@pytest.mark.usefixtures("shell_tools")
def test_signed_line_takes_a_file_as_it_is(signet: Any, gateway: Any, tmp_path: Path) -> None:
    """curl strips line ends from files unless told otherwise."""
    body = tmp_path / "body.json"
    body.write_bytes(b'{\n"demo_name": "a"\r\n}\n')
    result = signet("sign", "POST", "/api/v1/demos", "--data", f"@{body}")
    command = [*shlex.split(result.stdout), "--noproxy", "*"]
    run = subprocess.run(command, capture_output=True, timeout=30, check=True)
    assert json.loads(run.stdout)["return_code"] == 200
    assert gateway.received[0].body == body.read_bytes()


def test_explain_shows_the_fifteen_lines(signet: Any) -> None:
    """Each numbered and named, as comments: the output still runs."""
    result = signet("sign", "GET", "/api/v1/demos?page=1", "--explain")
    lines = result.stdout.splitlines()
    assert lines[0] == "#  1  algorithm            SIGNET1-HMAC-SHA256"
    assert lines[5] == "#  6  request target       /api/v1/demos?page=1"
    assert lines[14].startswith("# 15  SHA-256 of the body")
    assert lines[-1].startswith("curl ")
    assert SECRET not in result.output
    as_json = json.loads(signet("sign", "GET", "/api/v1/demos?page=1", "--explain", "--json").stdout)
    assert len(as_json["string_to_sign"].split("\n")) == 15


@pytest.mark.parametrize(
    "arguments",
    [
        ("GET", "api/v1/demos"),
        ("GET", "/api//v1"),
        ("GET", "/a", "--header", "If-Match"),
        ("GET", "/a", "--header", "If-Match:"),
        ("GET", "/a", "--header", "If-Match: é"),
        ("GET", "/a", "--header", "If-Match: 1", "--header", "if-match: 2"),
        ("POST", "/a", "--data", "@/nonexistent"),
        ("G T", "/a"),
    ],
)
def test_request_that_has_no_signature_is_bad_usage(signet: Any, arguments: tuple[str, ...]) -> None:
    """The gateway would refuse it, after a round trip."""
    result = signet("sign", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""


def test_help_documents_the_exit_statuses(signet: Any) -> None:
    """Scripts are written from the help."""
    text = " ".join(signet("--help").stdout.split())
    assert "4 no such resource" in text
    assert "--install-completion" in text
