"""Give a user another limit, or everybody's."""

from dataclasses import dataclass

from signet_common.messaging.recording import Change
from signet_common.passport import Passport, owner_filter
from signet_files.application.ports import Transaction, UnitOfWork
from signet_files.domain.errors import QuotaNotFound
from signet_files.domain.quotas import Quota

RESOURCE = "file_quota"


@dataclass(frozen=True, slots=True)
class SetQuota:
    """Nothing is removed by a limit below what is used."""

    unit_of_work: UnitOfWork

    def __call__(self, caller: Passport, user_id: int, limit_bytes: int | None) -> Quota:
        """The quota from now on; None is everybody's limit. Raises QuotaNotFound."""
        require_quota_in_reach(caller, user_id)

        def work(transaction: Transaction) -> Quota:
            before, quota = transaction.quotas.set_limit(user_id, limit_bytes)
            changes = {"limit_bytes": (before, limit_bytes)}
            transaction.record(Change(RESOURCE, "update", str(user_id), changes=changes))
            return quota

        def again(transaction: Transaction, _quota: Quota) -> None:
            transaction.record(Change(RESOURCE, "query", str(user_id)))

        return self.unit_of_work.execute(caller, work, Quota, again=again)


def require_quota_in_reach(caller: Passport, user_id: int) -> None:
    """Everybody's is reached with scope `any`, the own one with `own`. Raises QuotaNotFound."""
    if owner_filter(caller) not in (None, user_id):
        raise QuotaNotFound(f"there is no quota of user {user_id}")
