"""The views of mails. They decide nothing: shapes stand in `mail_schemas`, rules in the application."""

from dataclasses import dataclass

from flask import g
from flask_restx import Namespace

from signet_common.web.decorators import authentication_required, check_request, marshal_with, sign_required
from signet_common.web.operations import Link, operation
from signet_common.web.views import View
from signet_protocol.return_codes import ReturnCode
from signet_scheduler.adapters.inbound.mail_schemas import CreatedMailsView, MailBody, MailListQuery, MailView
from signet_scheduler.application.create_mails import CreatedMails, CreateMails, MailOrder
from signet_scheduler.application.mail_queries import MailFilter, MailQueries
from signet_scheduler.application.queries import Paged
from signet_scheduler.domain.addresses import check_address
from signet_scheduler.domain.mails import Mail


@dataclass(frozen=True, slots=True)
class MailApplication:
    """What the views call."""

    create_mails: CreateMails
    mails: MailQueries


class MailCollection(View[MailApplication]):
    """`/api/v1/mails`."""

    @operation(
        "createMails",
        "Send a mail to some addresses",
        description="One mail for each address, all of them or none. The answer says that they wait to be sent; read"
        " one again to see what became of it. An address that gets no more mails in this hour is 429001, and named;"
        " so are more mails than are sent for one user in an hour.",
        errors=(ReturnCode.RATE_LIMITED,),
        links=(Link("read", "getMail", {"mail_id": "$response.body#/data/mails/0/mail_id"}),),
        audit="insert",
    )
    @authentication_required("mail", "create")
    @sign_required
    @check_request(body=MailBody, idempotent=True)
    @marshal_with(CreatedMailsView)
    def post(self) -> CreatedMails:
        """Ask for mails."""
        body: MailBody = g.args.body
        order = MailOrder(
            to=[check_address(address) for address in body.to],
            template=body.template,
            values=body.values.model_dump(),
            language=body.language,
        )
        return self.application.create_mails(g.user, order)

    @operation(
        "listMails",
        "List mails",
        description="Newest first. An empty page is an answer like any other.",
        links=(Link("first", "getMail", {"mail_id": "$response.body#/data/mails/0/mail_id"}),),
        audit="query",
    )
    @authentication_required("mail", "query")
    @sign_required
    @check_request(query=MailListQuery)
    @marshal_with(MailView, plural="mails")
    def get(self) -> Paged[Mail]:
        """List."""
        return self.application.mails.search(_filter(g.args.query), g.user)


class MailItem(View[MailApplication]):
    """`/api/v1/mails/{mail_id}`."""

    @operation(
        "getMail",
        "Read what became of a mail",
        errors=(ReturnCode.RESOURCE_NOT_FOUND,),
        audit="query",
    )
    @authentication_required("mail", "query")
    @sign_required
    @check_request()
    @marshal_with(MailView, versioned=True)
    def get(self, mail_id: int) -> Mail:
        """Read."""
        return self.application.mails.get(mail_id, g.user)


def mail_namespace(application: MailApplication) -> Namespace:
    """The routes of mails, wired to `application`."""
    namespace = Namespace("mails", path="/api/v1/mails")
    wiring = {"resource_class_kwargs": {"application": application}}
    namespace.add_resource(MailCollection, "", **wiring)
    namespace.add_resource(MailItem, "/<id:mail_id>", **wiring)
    return namespace


def _filter(query: MailListQuery) -> MailFilter:
    return MailFilter(
        to_address=query.to_address,
        template=query.template,
        mail_state=query.mail_state,
        created_from=query.create_date_start,
        created_to=query.create_date_end,
        page=query.page,
        per_page=query.per_page,
        count=query.count,
    )
