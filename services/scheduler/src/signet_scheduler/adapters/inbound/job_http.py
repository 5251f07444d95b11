"""The views of jobs."""

from dataclasses import dataclass

from flask import g
from flask_restx import Namespace, Resource

from signet_common.web.decorators import authentication_required, check_request, marshal_with, sign_required
from signet_common.web.operations import operation
from signet_scheduler.adapters.inbound.job_schemas import JobsView
from signet_scheduler.application.job_declarations import JobDeclarations, ListJobs


@dataclass(frozen=True, slots=True)
class JobApplication:
    """What the views call."""

    list_jobs: ListJobs


class _View(Resource):  # type: ignore[misc]
    def __init__(self, api: object, *_args: object, application: JobApplication) -> None:
        super().__init__(api)
        self.application = application


class JobCollection(_View):
    """`/api/v1/jobs`."""

    @operation("listJobs", "List the jobs that there are", audit="query")
    @authentication_required("job", "query")
    @sign_required
    @check_request()
    @marshal_with(JobsView)
    def get(self) -> JobDeclarations:
        """List."""
        return self.application.list_jobs(g.user)


def job_namespace(application: JobApplication) -> Namespace:
    """The routes of jobs, wired to `application`."""
    namespace = Namespace("jobs", path="/api/v1/jobs")
    namespace.add_resource(JobCollection, "", resource_class_kwargs={"application": application})
    return namespace
