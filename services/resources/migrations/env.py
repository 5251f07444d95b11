"""Alembic's entry: runs on the connection that `signet-resources db …` opened."""

from signet_common.sql.migrations import run_environment
from signet_resources.adapters.outbound.tables import Row

run_environment(Row.metadata)
