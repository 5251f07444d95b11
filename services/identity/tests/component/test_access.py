"""Roles and explanations through the views, on every engine."""

ROLES = "/api/v1/roles"
EXPLAIN = "/api/v1/access/explain"
QUERY_OWN = [{"permission": "demo:create", "scope": "own"}]


def test_a_role_lives_from_its_creation_to_its_end(api):
    """Versions, names once, what it permits, and events for each step."""
    role = api.data("POST", ROLES, {"role_name": "importer", "permissions": QUERY_OWN})
    assert (role["version"], role["permissions"]) == (1, [{"name": "demo:create", "scope": "own"}])
    assert api.code("POST", ROLES, {"role_name": "importer"}) == 409001
    path = f"{ROLES}/{role['role_id']}"
    wider = [{"permission": "demo:create", "scope": "any"}, *QUERY_OWN]
    assert api.code("PATCH", path, {"permissions": wider}, headers={"If-Match": '"7"'}) == 412001
    changed = api.data("PATCH", path, {"permissions": wider})
    assert (changed["version"], changed["permissions"]) == (2, [{"name": "demo:create", "scope": "any"}])
    assert api.data("GET", path) == changed
    ada = api.user("ada", "importer")["user_id"]
    assert api.code("DELETE", path) == 403002
    api.data("PATCH", f"/api/v1/users/{ada}", {"roles": []})
    assert api.code("DELETE", path) == 200
    assert api.code("GET", path) == 404001
    assert [len(api.events(f"role.{operation}")) for operation in ("update", "delete")] == [1, 1]


def test_a_role_names_only_what_some_contract_asks_for(api):
    """400002 with the field, and nothing is created."""
    answer = api.call("POST", ROLES, {"role_name": "god", "permissions": [{"permission": "made:up", "scope": "any"}]})
    assert answer.json["return_code"] == 400002
    assert answer.json["data"]["errors"][0]["field"] == "permissions"


def test_seeded_roles_stay(api):
    """Two rules, two refusals."""
    seeded = {role["role_name"]: role["role_id"] for role in api.data("GET", ROLES)["roles"]}
    assert api.code("PATCH", f"{ROLES}/{seeded['administrator']}", {"permissions": []}) == 403002
    assert api.code("DELETE", f"{ROLES}/{seeded['user']}") == 403002


def test_access_is_explained_step_by_step(api):
    """To oneself with the key that signs; about others only with scope any, and with a key of theirs on demand."""
    ada = api.user("ada", "user")["user_id"]
    key = api.data("POST", "/api/v1/api-keys", {"user_id": ada, "permissions": ["user:query"]})["api_key_id"]
    own = {"user_id": ada, "scope": "own", "credential_id": f"api_key/{key}"}
    told = api.data("GET", f"{EXPLAIN}?permission=demo:create", **own)
    assert (told["allowed"], told["scope"], told["user_id"]) == (False, None, ada)
    assert [step["rule"] for step in told["steps"] if step["outcome"] == "refuses"] == ["limit", "decision"]
    assert api.code("GET", f"{EXPLAIN}?permission=demo:create&user_id=1", **own) == 404001
    told = api.data("GET", f"{EXPLAIN}?permission=demo:create&user_id={ada}")
    assert (told["allowed"], told["scope"]) == (True, "own")
    assert api.code("GET", f"{EXPLAIN}?permission=demo:create&user_id={ada}&api_key_id=1") == 404001
    assert not api.data("GET", f"{EXPLAIN}?permission=demo:create&user_id={ada}&api_key_id={key}")["allowed"]
    assert len(api.events("access.query")) == 3


def test_keys_are_renamed_limited_and_read(api):
    """What changes is told, and a limit holds in the next grant."""
    created = api.data("POST", "/api/v1/api-keys", {"key_name": "import"})
    path = f"/api/v1/api-keys/{created['api_key_id']}"
    api.data("PATCH", path, {"permissions": ["demo:create"], "key_name": "nightly import"})
    grant = api.data("POST", "/internal/grants", {"kind": "api_key", "credential": created["api_key"]})
    assert grant["permissions"] == {"demo:create": "any"}
    read = api.data("GET", path)
    assert (read["key_name"], read["permissions"]) == ("nightly import", ["demo:create"])
    assert read["last_used_at"] is not None
    assert api.code("PATCH", "/api/v1/api-keys/1", {"key_name": "nightly import"}) == 409001
    assert api.events("api_key.update")[0]["data"]["changes"]["permissions"] == [None, ["demo:create"]]
