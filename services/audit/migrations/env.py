"""Alembic's entry: runs on the connection that `signet-audit db …` opened."""

from signet_audit.adapters.outbound.tables import Row
from signet_common.sql.migrations import run_environment

run_environment(Row.metadata)
