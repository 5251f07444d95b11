"""Contracts are read anew while identity serves: sound ones hold at once, broken ones change nothing."""

import logging

import pytest
import yaml

ROLES = "/api/v1/roles"


@pytest.fixture
def publish(sqlite_api):
    """Put text or a document where the contract of resources lies, and do what SIGHUP does."""
    path = sqlite_api.settings.contracts_dir / "openapi" / "resources.yaml"

    def put(document):
        path.write_text(document if isinstance(document, str) else yaml.safe_dump(document))
        sqlite_api.service.web.reload()
        return path

    return put


def asking_for(permission):
    return {"paths": {"/api/v1/reports": {"post": {"x-permission": permission}}}}


def administrator(api):
    question = {"kind": "api_key", "credential": api.first["api_key"]}
    return api.data("POST", "/internal/grants", question)["permissions"]


def role(name):
    return {"role_name": name, "permissions": [{"permission": "report:create", "scope": "any"}]}


def contracts_check(api):
    return api.client.get("/readyz").get_json()["checks"]["contracts"]["status"]


def test_a_new_permission_is_grantable_and_the_administrators_at_once(sqlite_api, publish):
    """The next grant, the next role and the next key know it; one that is asked for no more has gone."""
    assert sqlite_api.code("POST", ROLES, role("early")) == 400002
    publish(asking_for("report:create"))
    held = administrator(sqlite_api)
    assert held["report:create"] == "any"
    assert "demo:create" not in held
    assert sqlite_api.code("POST", ROLES, role("reporter")) == 200
    assert sqlite_api.code("POST", "/api/v1/api-keys", {"permissions": ["report:create"]}) == 200
    assert sqlite_api.data("GET", "/api/v1/access/explain?permission=report:create")["allowed"]


@pytest.mark.parametrize("rubbish", ["paths: [", "", "paths: 7\n"])
def test_contracts_that_cannot_be_read_change_nothing(sqlite_api, publish, caplog, rubbish):
    """A slip of the pen takes nobody's rights; the log names the file, and readiness says it until it is mended."""
    before = administrator(sqlite_api)
    with caplog.at_level(logging.ERROR):
        path = publish(rubbish)
    assert administrator(sqlite_api) == before
    assert str(path) in caplog.text
    assert contracts_check(sqlite_api) == "degraded"
    publish(asking_for("demo:create"))
    assert contracts_check(sqlite_api) == "ok"
