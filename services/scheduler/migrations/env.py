"""Alembic's entry: runs on the connection that `signet-scheduler db …` opened."""

from signet_common.sql.migrations import run_environment
from signet_scheduler.adapters.outbound.tables import Row

run_environment(Row.metadata)
