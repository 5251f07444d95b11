"""Alembic's environment of identity."""

from signet_common.sql.migrations import run_environment
from signet_identity.adapters.outbound.tables import Tables

run_environment(Tables.metadata)
