"""What one transaction reaches, wired to its connection."""

from collections.abc import Callable

from sqlalchemy import Connection

from signet_common.keyring.ciphers import RowCipher
from signet_common.messaging.command import Command
from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_common.sql.commands import CommandOutbox
from signet_identity.adapters.outbound.api_keys import SqlApiKeys
from signet_identity.adapters.outbound.credentials import SqlSessions
from signet_identity.adapters.outbound.event_map import EventMap
from signet_identity.adapters.outbound.roles import SqlRoles
from signet_identity.adapters.outbound.single_use_tokens import SqlSingleUseTokens
from signet_identity.adapters.outbound.tables import COMMANDS
from signet_identity.adapters.outbound.throttles import SqlThrottles
from signet_identity.adapters.outbound.users import SqlUsers


class SqlTransaction:
    """Implements `ports.Transaction` for one caller."""

    def __init__(
        self, connection: Connection, caller: Passport, keyring: RowCipher, events: EventMap, commands: CommandOutbox
    ) -> None:
        self.users = SqlUsers(connection)
        self.roles = SqlRoles(connection)
        self.api_keys = SqlApiKeys(connection, keyring)
        self.sessions = SqlSessions(connection, keyring)
        self.throttles = SqlThrottles(connection)
        self.single_use_tokens = SqlSingleUseTokens(connection)
        self._connection = connection
        self._caller = caller
        self._events = events
        self._commands = commands

    def send(self, command: Command) -> None:
        """Put the command into its outbox, in this transaction."""
        self._commands.add(self._connection, command)

    def record(self, change: Change, *, caller: Passport | None = None) -> None:
        """Put the event into the outbox, in this transaction."""
        self._events.add(self._connection, change, caller or self._caller)


def transactions(keyring: RowCipher, events: EventMap) -> Callable[[Connection, Passport], SqlTransaction]:
    """Return what makes the transaction of a connection and a caller."""
    commands = CommandOutbox(COMMANDS)
    return lambda connection, caller: SqlTransaction(connection, caller, keyring, events, commands)
