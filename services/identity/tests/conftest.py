"""Hand-written fakes behind identity's ports, and the callers that tests speak for."""

from collections.abc import Callable, Collection, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

from signet_common.messaging.command import Command
from signet_common.messaging.recording import Change
from signet_common.passport import Passport
from signet_identity.application.attempts import Attempts
from signet_identity.application.new_password import HashNewPassword
from signet_identity.application.ports import USE_NOTED_EVERY, SigningCredential, Transaction
from signet_identity.application.prove_password import ProvePassword
from signet_identity.application.repositories import Account
from signet_identity.domain.credentials import ApiKey, NewApiKey, NewCredential, Session, SessionLifetime, token_digest
from signet_identity.domain.errors import Duplicate, RoleInUse, VersionConflict
from signet_identity.domain.logins import LoginKind, user_name_key
from signet_identity.domain.permissions import Rights
from signet_identity.domain.roles import ADMINISTRATOR, SEEDED_ROLES, NewRole, Role, RoleSeed
from signet_identity.domain.single_use_tokens import Purpose, SingleUseToken, mailboxes
from signet_identity.domain.throttling import Throttle
from signet_identity.domain.users import NewUser, State, User

T = TypeVar("T")
NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
ANYBODY = Passport(issuer="gateway", audience="identity", request_id="r1", method="POST", target="/", body_sha256="")


@dataclass
class Store:
    """What the fake keeps: plain dictionaries by id."""

    accounts: dict[int, Account] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    api_keys: dict[int, tuple[ApiKey, str]] = field(default_factory=dict)
    sessions: dict[int, tuple[Session, str, str]] = field(default_factory=dict)
    throttles: dict[str, tuple[Throttle, datetime]] = field(default_factory=dict)
    recorded: list[tuple[Change, Passport]] = field(default_factory=list)
    tokens: dict[str, SingleUseToken] = field(default_factory=dict)
    made_at: dict[str, datetime] = field(default_factory=dict)
    token_calls: list[str] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)


class FakeUsers:
    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, user_id: int) -> User | None:
        account = self.account(user_id)
        return account.user if account else None

    def account(self, user_id: int) -> Account | None:
        return self._store.accounts.get(user_id)

    def add(self, user: NewUser, *, password_hash: str | None, by: int | None, at: datetime) -> User:
        added = User(
            user_id=len(self._store.accounts) + 1,
            user_name=user.user_name,
            email=user.email,
            phone=user.phone,
            display_name=user.display_name,
            user_state=State.ACTIVE,
            roles=tuple(sorted(user.roles)),
            email_confirmed_at=None,
            password_changed_at=None,
            version=1,
            created_at=at,
            created_by=by,
            updated_at=at,
            updated_by=by,
        )
        self._refuse_duplicates(added)
        self._store.accounts[added.user_id] = Account(added, password_hash)
        return added

    def save(self, user: User) -> None:
        self._refuse_duplicates(user)
        self._store.accounts[user.user_id] = replace(self._at(user.user_id, user.version - 1), user=user)
        self._void_tokens(user, mailboxes(user))

    def set_password(self, user: User, password_hash: str) -> None:
        self._at(user.user_id, user.version - 1)
        self._store.accounts[user.user_id] = Account(user, password_hash)
        self._void_tokens(user, ())

    def _void_tokens(self, user: User, but: Collection[str]) -> None:
        for digest, token in self._store.tokens.items():
            if token.user_id == user.user_id and token.used_at is None and token.subject not in but:
                self._store.tokens[digest] = replace(token, used_at=user.updated_at)

    def rehash(self, user_id: int, old_hash: str, new_hash: str) -> None:
        account = self._store.accounts[user_id]
        if account.password_hash == old_hash:
            self._store.accounts[user_id] = replace(account, password_hash=new_hash)

    def delete(self, user: User) -> None:
        self._at(user.user_id, user.version)
        assert not any(session.user_id == user.user_id for session, _, _ in self._store.sessions.values())
        assert not any(key.user_id == user.user_id for key, _ in self._store.api_keys.values())
        del self._store.accounts[user.user_id]

    def _at(self, user_id: int, version: int) -> Account:
        account = self._store.accounts.get(user_id)
        if account is None or account.user.version != version:
            raise VersionConflict
        return account

    def count_active_administrators(self) -> int:
        return sum(account.user.is_active_administrator for account in self._store.accounts.values())

    def any_administrator(self) -> bool:
        return any(ADMINISTRATOR in account.user.roles for account in self._store.accounts.values())

    def _refuse_duplicates(self, user: User) -> None:
        others = [account.user for account in self._store.accounts.values() if account.user.user_id != user.user_id]
        for name in ("user_name", "email", "phone"):
            value = getattr(user, name)
            if value is not None and any(getattr(other, name) == value for other in others):
                raise Duplicate(name)
        if any(user_name_key(other.user_name) == user_name_key(user.user_name) for other in others):
            raise Duplicate("user_name")


class FakeRoles:
    def __init__(self, store: Store) -> None:
        self._store = store

    def named(self, names: Collection[str]) -> Mapping[str, Role]:
        return {name: self._store.roles[name] for name in names if name in self._store.roles}

    def rights_of(self, user_id: int) -> Rights:
        account = self._store.accounts.get(user_id)
        held = self.named(account.user.roles if account else ())
        return Rights.of(permission for role in held.values() for permission in role.permissions)

    def lock_administration(self) -> None:
        """Fakes run one transaction at a time."""

    def get(self, role_id: int) -> Role | None:
        return next((role for role in self._store.roles.values() if role.role_id == role_id), None)

    def add(self, new: NewRole, *, by: int | None, at: datetime) -> Role:
        if new.role_name in self._store.roles:
            raise Duplicate("role_name")
        role_id = max((role.role_id for role in self._store.roles.values()), default=0) + 1
        role = Role(role_id, new.role_name, new.description, new.permissions, 1, at, by, at, by)
        self._store.roles[new.role_name] = role
        return role

    def save(self, role: Role) -> None:
        stored = self.get(role.role_id)
        if stored is None or stored.version != role.version - 1:
            raise VersionConflict
        self._store.roles[role.role_name] = role

    def delete(self, role: Role) -> None:
        if any(role.role_name in account.user.roles for account in self._store.accounts.values()):
            raise RoleInUse
        if self.get(role.role_id) != role:
            raise VersionConflict
        del self._store.roles[role.role_name]

    def seed(self, roles: Mapping[str, RoleSeed], *, at: datetime) -> list[Role]:
        missing = [name for name in roles if name not in self._store.roles]
        return [
            self.add(NewRole(name, roles[name].description, roles[name].permissions), by=None, at=at)
            for name in missing
        ]


class FakeApiKeys:
    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, api_key_id: int) -> ApiKey | None:
        found = self._store.api_keys.get(api_key_id)
        return found[0] if found else None

    def add(self, credential: NewCredential, new: NewApiKey, *, by: int | None, at: datetime) -> ApiKey:
        api_key = ApiKey(
            api_key_id=max(self._store.api_keys, default=0) + 1,
            user_id=new.user_id,
            api_key=credential.credential,
            key_name=new.key_name,
            description=new.description,
            permissions=new.permissions,
            api_key_state=State.ACTIVE,
            expires_at=new.expires_at,
            last_used_at=None,
            version=1,
            created_at=at,
            created_by=by,
            updated_at=at,
            updated_by=by,
        )
        self._refuse_duplicate(api_key)
        self._store.api_keys[api_key.api_key_id] = (api_key, credential.secret)
        return api_key

    def save(self, api_key: ApiKey) -> None:
        self._refuse_duplicate(api_key)
        stored, secret = self._store.api_keys[api_key.api_key_id]
        if stored.version != api_key.version - 1:
            raise VersionConflict
        self._store.api_keys[api_key.api_key_id] = (api_key, secret)

    def _refuse_duplicate(self, api_key: ApiKey) -> None:
        for other, _ in self._store.api_keys.values():
            same = (other.user_id, other.key_name) == (api_key.user_id, api_key.key_name)
            if same and other.api_key_id != api_key.api_key_id:
                raise Duplicate("key_name")

    def made_by_others(self, *, user_id: int | None = None, role_name: str | None = None) -> list[ApiKey]:
        keys = [key for key, _ in self._store.api_keys.values() if key.api_key_state is State.ACTIVE]
        foreign = [key for key in keys if key.created_by not in (None, key.user_id)]
        return [
            key
            for key in foreign
            if user_id in (None, key.user_id)
            and (role_name is None or role_name in self._store.accounts[key.user_id].user.roles)
        ]

    def delete_all(self, user_id: int) -> list[ApiKey]:
        gone = [key for key, _ in self._store.api_keys.values() if key.user_id == user_id]
        for key in gone:
            del self._store.api_keys[key.api_key_id]
        return [key for key in gone if key.api_key_state is State.ACTIVE]


class FakeSessions:
    def __init__(self, store: Store) -> None:
        self._store = store

    def add(
        self, credential: NewCredential, lifetime: SessionLifetime, *, user_id: int, client_ip: str, at: datetime
    ) -> Session:
        ends = (at + lifetime.absolute, at + lifetime.idle)
        session = Session(len(self._store.sessions) + 1, user_id, at, at, *ends, client_ip or None)
        digest = token_digest(credential.credential)
        self._store.sessions[session.session_id] = (session, digest, credential.secret)
        return session

    def get(self, session_id: int) -> Session | None:
        found = self._store.sessions.get(session_id)
        return found[0] if found else None

    def end(self, session_id: int) -> bool:
        return self._store.sessions.pop(session_id, None) is not None

    def end_all(self, user_id: int, *, but: int | None = None) -> list[int]:
        found = self._store.sessions.values()
        ended = [session.session_id for session, _, _ in found if session.user_id == user_id]
        return [session_id for session_id in sorted(ended) if session_id != but and self.end(session_id)]


class FakeThrottles:
    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self, keys: Collection[str], now: datetime) -> Mapping[str, Throttle]:
        found = {key: self._store.throttles[key] for key in keys if key in self._store.throttles}
        return {key: throttle for key, (throttle, forget_at) in found.items() if forget_at > now}

    def write(self, key: str, throttle: Throttle, *, forget_at: datetime) -> None:
        self._store.throttles[key] = (throttle, forget_at)


class FakeSingleUseTokens:
    """Keeps tokens by digest, and the names of the calls that touched them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, token_sha256: str, token: SingleUseToken, *, at: datetime) -> None:
        self._store.token_calls.append("add")
        self._store.tokens[token_sha256] = token
        self._store.made_at[token_sha256] = at

    def made_at(self, user_id: int | None, purpose: Purpose, *, since: datetime) -> list[datetime]:
        self._store.token_calls.append("made_at")
        made = [(at, self._store.tokens[digest]) for digest, at in self._store.made_at.items() if at > since]
        wanted = (user_id, purpose)
        return sorted(at for at, token in made if user_id is not None and (token.user_id, token.purpose) == wanted)

    def use(self, token_sha256: str, purpose: Purpose, now: datetime) -> SingleUseToken | None:
        token = self._store.tokens.get(token_sha256)
        if token is None or token.purpose is not purpose or not token.is_open(now):
            return None
        self._store.tokens[token_sha256] = replace(token, used_at=now)
        return token


class FakeTransaction:
    def __init__(self, store: Store, caller: Passport) -> None:
        self._caller = caller
        self.users = FakeUsers(store)
        self.roles = FakeRoles(store)
        self.api_keys = FakeApiKeys(store)
        self.sessions = FakeSessions(store)
        self.throttles = FakeThrottles(store)
        self.single_use_tokens = FakeSingleUseTokens(store)
        self._store = store

    def send(self, command: Command) -> None:
        self._store.commands.append(command)

    def record(self, change: Change) -> None:
        self._store.recorded.append((change, self._caller))


class FakeUnitOfWork:
    """Runs work on a copy and keeps the copy when the work succeeds: all of it or nothing."""

    def __init__(self) -> None:
        self.store = Store()
        self.executed: list[tuple[str, bool]] = []
        self.bodies: list[str] = []

    def execute(
        self,
        caller: Passport,
        work: Callable[[Transaction], T],
        result: type[T],
        *,
        secret: bool = False,
        again: Callable[[Transaction, T], None] | None = None,
    ) -> T:
        attempt = deepcopy(self.store)
        outcome = work(FakeTransaction(attempt, caller))
        self.store = attempt
        self.executed.append((caller.idempotency_key, secret))
        self.bodies.append(caller.body_sha256)
        return outcome

    @property
    def changes(self) -> list[Change]:
        return [change for change, _ in self.store.recorded]


class FakeCredentials:
    """Reads what the fake unit of work keeps, as grants and sign-in do."""

    def __init__(self, unit_of_work: FakeUnitOfWork) -> None:
        self._unit_of_work = unit_of_work

    def by_login(self, kind: LoginKind, login: str) -> Account | None:
        accounts = self._unit_of_work.store.accounts.values()
        return next((account for account in accounts if getattr(account.user, kind.value) == login), None)

    def by_id(self, user_id: int) -> Account | None:
        return self._unit_of_work.store.accounts.get(user_id)

    def find(self, token_sha256: str, purpose: Purpose) -> tuple[SingleUseToken | None, User | None]:
        token = self._unit_of_work.store.tokens.get(token_sha256)
        if token is None or token.purpose is not purpose:
            return None, None
        account = self.by_id(token.user_id) if token.user_id else None
        return token, account.user if account else None

    def api_key(self, api_key: str, now: datetime) -> SigningCredential | None:
        for stored, secret in self._unit_of_work.store.api_keys.values():
            if stored.api_key == api_key:
                state = stored.state_at(now)
                found = self._of(stored.user_id, f"api_key/{stored.api_key_id}", state, stored.expires_at, secret)
                return replace(found, limit=stored.limit, used_at=stored.last_used_at)
        return None

    def session(self, digest: str, now: datetime) -> SigningCredential | None:
        sessions = self._unit_of_work.store.sessions
        for session, stored, secret in list(sessions.values()):
            if stored == digest and min(session.expires_at, session.idle_expires_at) > now:
                active = self._unit_of_work.store.accounts[session.user_id].user.user_state is State.ACTIVE
                if active and now - session.last_used_at >= timedelta(minutes=1):
                    idle = session.idle_expires_at - session.last_used_at
                    session = replace(session, last_used_at=now, idle_expires_at=now + idle)  # noqa: PLW2901
                    sessions[session.session_id] = (session, stored, secret)
                name, end = f"session/{session.session_id}", min(session.expires_at, session.idle_expires_at)
                return self._of(session.user_id, name, State.ACTIVE, end, secret)
        return None

    def used(self, found: SigningCredential, at: datetime) -> None:
        keys = self._unit_of_work.store.api_keys
        kind, _, number = found.credential_id.partition("/")
        if kind == "api_key":
            stored, secret = keys[int(number)]
            if stored.last_used_at is None or at - stored.last_used_at >= USE_NOTED_EVERY:
                keys[int(number)] = (replace(stored, last_used_at=at), secret)

    def roles_of(self, user_id: int) -> tuple[tuple[str, ...], Rights]:
        store = self._unit_of_work.store
        return store.accounts[user_id].user.roles, FakeRoles(store).rights_of(user_id)

    def _of(
        self, user_id: int, credential_id: str, state: State, expires_at: datetime | None, secret: str
    ) -> SigningCredential:
        user = self._unit_of_work.store.accounts[user_id].user
        return SigningCredential(credential_id, user_id, user.user_name, user.user_state, state, expires_at, secret)


class FakePasswords:
    """Reverses the text instead of hashing it, and remembers what it was asked to verify."""

    def __init__(self) -> None:
        self.verified: list[str | None] = []

    def hash(self, password: str) -> str:
        return password[::-1]

    def verify(self, password_hash: str | None, password: str) -> bool:
        self.verified.append(password_hash)
        return password_hash in (password[::-1], f"old:{password[::-1]}")

    def is_outdated(self, password_hash: str) -> bool:
        return password_hash.startswith("old:")


@pytest.fixture
def unit_of_work() -> FakeUnitOfWork:
    """A store in memory with the seeded roles."""
    fake = FakeUnitOfWork()
    fake.execute(ANYBODY, lambda transaction: transaction.roles.seed(SEEDED_ROLES, at=NOW), list)
    return fake


@pytest.fixture
def passwords() -> FakePasswords:
    return FakePasswords()


@pytest.fixture
def hash_password(passwords: FakePasswords) -> HashNewPassword:
    """What stands before the hash, with a list of one common password."""
    return HashNewPassword(passwords, {"qwertyqwerty"}.__contains__)


@pytest.fixture
def credentials(unit_of_work: FakeUnitOfWork) -> FakeCredentials:
    return FakeCredentials(unit_of_work)


@pytest.fixture
def clock() -> Callable[[], datetime]:
    return lambda: NOW


@pytest.fixture
def attempts(unit_of_work: FakeUnitOfWork, clock: Callable[[], datetime]) -> Attempts:
    return Attempts(unit_of_work, clock, b"pepper")


@pytest.fixture
def prove_password(
    credentials: FakeCredentials, unit_of_work: FakeUnitOfWork, attempts: Attempts, passwords: FakePasswords
) -> ProvePassword:
    return ProvePassword(credentials, unit_of_work, attempts, passwords)


@pytest.fixture
def add_user(unit_of_work: FakeUnitOfWork) -> Callable[..., User]:
    """Put a user there without asking anybody: ``add_user("ada", "operator", email=…)``."""

    def add(user_name: str, *roles: str, password_hash: str | None = None, **contact: Any) -> User:
        new = NewUser(user_name, roles=roles, **contact)
        return unit_of_work.execute(
            ANYBODY, lambda transaction: transaction.users.add(new, password_hash=password_hash, by=None, at=NOW), User
        )

    return add


@pytest.fixture
def calling() -> Callable[..., Passport]:
    """A passport in the name of a user, for application code: ``calling(user, scope="own")``."""

    def passport(user: User | None, *, scope: str = "any", credential_id: str = "session/1") -> Passport:
        if user is None:
            return ANYBODY
        return replace(
            ANYBODY,
            user_id=user.user_id,
            user_name=user.user_name,
            roles=user.roles,
            scope=scope,
            authentication="token" if credential_id.startswith("session/") else "api_key",
            credential_id=credential_id,
        )

    return passport
