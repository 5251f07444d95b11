"""The planner of slots, as the background process wires it."""

from signet_common.sql.database import Database
from signet_common.sql.outbox import Outbox
from signet_scheduler.adapters.inbound.plan_loop import PlanLoop
from signet_scheduler.adapters.outbound.declared_schedules import SqlDeclaredSchedules
from signet_scheduler.adapters.outbound.event_map import EventMap
from signet_scheduler.adapters.outbound.slot_book import SqlSlotBook
from signet_scheduler.adapters.outbound.tables import OUTBOX
from signet_scheduler.application.jobs import Catalog
from signet_scheduler.application.plan_slots import PlanSlots
from signet_scheduler.application.seed_schedules import SeedSchedules
from signet_scheduler.bootstrap.deployment import deployment, now


def plan_loop(database: Database, catalog: Catalog) -> PlanLoop:
    """Makes the declared schedules of `catalog` and plans the slots of its jobs, in the name of the deployment."""
    events, keeper = EventMap(Outbox(OUTBOX)), deployment("plan slots")
    seed = SeedSchedules(SqlDeclaredSchedules(database, events, keeper), catalog, now)
    return PlanLoop(seed, PlanSlots(SqlSlotBook(database, events, keeper), catalog, now), now)
