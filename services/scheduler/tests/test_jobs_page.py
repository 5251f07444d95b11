"""docs/guides/jobs.md tells of what there is."""

from signet_scheduler.application.shipped_jobs import SHIPPED
from signet_testing.root import ROOT

PAGE = ROOT / "docs" / "guides" / "jobs.md"


def test_every_job_that_is_shipped_stands_in_the_guide() -> None:
    """A job that runs by itself, and that nobody has read of, is a surprise in the audit log."""
    page = PAGE.read_text()
    assert [job.name for job in SHIPPED if f"`{job.name}`" not in page] == []
