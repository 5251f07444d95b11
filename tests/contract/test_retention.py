"""The rules of the purge name tables as they are, for they do so without the classes that declare them."""

from collections.abc import Sequence
from typing import Any

import pytest

from signet_audit.adapters.outbound import retention as audit
from signet_audit.adapters.outbound.tables import OUTBOX as AUDIT_OUTBOX
from signet_common.sql.retention import Retention
from signet_identity.adapters.outbound import retention as identity
from signet_identity.adapters.outbound.tables import OUTBOX as IDENTITY_OUTBOX
from signet_resources.adapters.outbound import retention as resources
from signet_resources.adapters.outbound.tables import OUTBOX as RESOURCES_OUTBOX

SERVICES = [
    pytest.param(audit.RETENTIONS, AUDIT_OUTBOX.metadata.tables, id="audit"),
    pytest.param(identity.RETENTIONS, IDENTITY_OUTBOX.metadata.tables, id="identity"),
    pytest.param(resources.RETENTIONS, RESOURCES_OUTBOX.metadata.tables, id="resources"),
]


@pytest.mark.parametrize(("rules", "tables"), SERVICES)
def test_a_rule_names_the_primary_key_and_a_time_that_leads_an_index(rules: Sequence[Retention], tables: Any) -> None:
    """Another key would erase more rows than were found, and without an index each look reads the whole table."""
    for rule in rules:
        table = tables[rule.table]
        assert [column.name for column in table.primary_key] == list(rule.key)
        assert rule.time in {next(iter(index.columns)).name for index in table.indexes}, rule.table


@pytest.mark.parametrize(("rules", "tables"), SERVICES)
def test_every_outbox_and_every_key_has_an_end(rules: Sequence[Retention], tables: Any) -> None:
    """What grows with every request has to shrink again."""
    assert {"outbox", "idempotency_keys", "sign_in_throttles"} & set(tables) <= {rule.table for rule in rules}
