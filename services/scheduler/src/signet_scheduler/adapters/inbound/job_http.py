"""The views of jobs."""

from dataclasses import dataclass

from flask import g
from flask_restx import Namespace

from signet_common.web.decorators import authentication_required, check_request, marshal_with, sign_required
from signet_common.web.operations import Link, operation
from signet_common.web.views import View
from signet_protocol.return_codes import ReturnCode
from signet_scheduler.adapters.inbound.job_schemas import JobsView, JobView
from signet_scheduler.adapters.inbound.run_http import run_filter
from signet_scheduler.adapters.inbound.run_schemas import JobRunListQuery, RunRequest, RunView
from signet_scheduler.adapters.inbound.views import naming_fields
from signet_scheduler.application.ask_for_run import AskForRun
from signet_scheduler.application.job_declarations import GetJob, JobDeclaration, JobDeclarations, ListJobs
from signet_scheduler.application.list_job_runs import ListJobRuns
from signet_scheduler.application.queries import Paged
from signet_scheduler.domain.runs import Run

_FIRST = {"job_name": "$response.body#/data/jobs/0/job_name"}
_SAME = {"job_name": "$request.path.job_name"}
_RUN = {"run_id": "$response.body#/data/run_id"}


@dataclass(frozen=True, slots=True)
class JobApplication:
    """What the views call."""

    list_jobs: ListJobs
    get_job: GetJob
    ask_for_run: AskForRun
    list_job_runs: ListJobRuns


class JobCollection(View[JobApplication]):
    """`/api/v1/jobs`."""

    @operation(
        "listJobs",
        "List the jobs that there are",
        links=(Link("first", "getJob", _FIRST), Link("run", "runJob", _FIRST)),
        audit="query",
    )
    @authentication_required("job", "query")
    @sign_required
    @check_request()
    @marshal_with(JobsView)
    def get(self) -> JobDeclarations:
        """List."""
        return self.application.list_jobs(g.user)


class JobItem(View[JobApplication]):
    """`/api/v1/jobs/{job_name}`."""

    @operation(
        "getJob",
        "Read what a job takes and how it behaves",
        errors=(ReturnCode.RESOURCE_NOT_FOUND,),
        links=(Link("run", "runJob", _SAME), Link("runs", "listJobRuns", _SAME)),
        audit="query",
    )
    @authentication_required("job", "query")
    @sign_required
    @check_request()
    @marshal_with(JobView)
    def get(self, job_name: str) -> JobDeclaration:
        """Read."""
        return self.application.get_job(g.user, job_name)


class JobRun(View[JobApplication]):
    """`/api/v1/jobs/{job_name}/run`."""

    @operation(
        "runJob",
        "Run a job now",
        description="Answers at once with a run that waits. A job that does not overlap with itself is refused "
        "(409001) while a run of it is under way; the message names that run. Of one job a user has a thousand runs "
        "under way at most (429001).",
        errors=(ReturnCode.RESOURCE_NOT_FOUND, ReturnCode.VALUE_DUPLICATE, ReturnCode.RATE_LIMITED),
        links=(
            Link("run", "getRun", _RUN),
            Link("log", "getRunLog", _RUN),
            Link("cancel", "cancelRun", _RUN),
        ),
        audit="insert",
    )
    @authentication_required("job", "run")
    @sign_required
    @check_request(body=RunRequest, idempotent=True)
    @marshal_with(RunView)
    def post(self, job_name: str) -> Run:
        """Run."""
        body: RunRequest = g.args.body
        with naming_fields():
            return self.application.ask_for_run(g.user, job_name, arguments=body.arguments)


class JobRuns(View[JobApplication]):
    """`/api/v1/jobs/{job_name}/runs`."""

    @operation(
        "listJobRuns",
        "List the runs of a job",
        description="Newest first. An empty page is an answer like any other.",
        errors=(ReturnCode.RESOURCE_NOT_FOUND,),
        links=(Link("first", "getRun", {"run_id": "$response.body#/data/runs/0/run_id"}),),
        audit="query",
    )
    @authentication_required("run", "query")
    @sign_required
    @check_request(query=JobRunListQuery)
    @marshal_with(RunView, plural="runs")
    def get(self, job_name: str) -> Paged[Run]:
        """List."""
        return self.application.list_job_runs(g.user, run_filter(g.args.query, job_name=job_name))


def job_namespace(application: JobApplication) -> Namespace:
    """The routes of jobs, wired to `application`."""
    namespace = Namespace("jobs", path="/api/v1/jobs")
    wiring = {"resource_class_kwargs": {"application": application}}
    namespace.add_resource(JobCollection, "", **wiring)
    namespace.add_resource(JobItem, "/<name:job_name>", **wiring)
    namespace.add_resource(JobRun, "/<name:job_name>/run", **wiring)
    namespace.add_resource(JobRuns, "/<name:job_name>/runs", **wiring)
    return namespace
