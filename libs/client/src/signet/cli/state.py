"""What the options before the command say: which gateway, as whom, and in which form to answer.

Who signs is, in this order: `--first-run`, `--profile`, the file that SIGNET_FIRST_RUN names, SIGNET_API_KEY with
SIGNET_SECRET, the profile named by SIGNET_PROFILE or `default`. The gateway is `--url` or SIGNET_URL, or else the one
kept with the credential.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from signet.cli.pins import FilePins
from signet.cli.profiles import FirstRun, Profile, ProfileStore, load_first_run
from signet.client import Client
from signet.credentials import ApiKeyCredential, Credential
from signet.errors import NotSignedIn

DEFAULT_PROFILE = "default"
PATIENCE = 60.0
"""Seconds that commands about contents wait for an answer: twice what the gateway waits for a service that is busy with
its disk. To lose patience earlier is to send a large file again."""


@dataclass(slots=True)
class State:
    """The command's context."""

    profiles: ProfileStore
    url: str | None = None
    profile: str | None = None
    first_run: Path | None = None
    timeout: float = 10.0
    as_json: bool = False

    @property
    def profile_name(self) -> str:
        """The profile that is read, and that signing in writes."""
        return self.profile or os.environ.get("SIGNET_PROFILE") or DEFAULT_PROFILE

    def identity(self) -> Profile:
        """Who signs, and where. Raises NotSignedIn."""
        found = self._found()
        url = self.gateway_url() or found.url
        if not url:
            raise NotSignedIn("Set SIGNET_URL, or give --url: no gateway is kept with this credential.")
        return Profile(url, found.credential, found.user)

    def gateway_url(self) -> str | None:
        """The gateway that was asked for, if one was."""
        return self.url or os.environ.get("SIGNET_URL")

    def client(self, *, patience: float = 0.0) -> Client:
        """A client that signs as `identity()`; its answers may take `patience` seconds, or longer if that was said."""
        identity = self.identity()
        return self.client_for(identity.url, identity.credential, patience=patience)

    def client_for(self, url: str, credential: Credential | None, *, patience: float = 0.0) -> Client:
        """A client of one gateway, which believes the sealing keys that were believed before.

        What `--first-run` names is believed without the network: that file comes from the platform's own machine.
        """
        pins = FilePins(self.profiles.pins, url)
        first_run = self.first_run_file()
        if first_run and first_run.sealing_key and first_run.url == url and not pins.load() >= {first_run.sealing_key}:
            pins.save({first_run.sealing_key})
        return Client(url, credential, timeout=max(self.timeout, patience), pins=pins)

    def first_run_file(self) -> FirstRun | None:
        """What `--first-run` points at, if it is given."""
        return load_first_run(self.first_run) if self.first_run else None

    def _found(self) -> Profile:
        first_run = self.first_run_file()
        if first_run:
            return Profile(first_run.url, first_run.credential, first_run.user_name)
        api_key, secret = os.environ.get("SIGNET_API_KEY"), os.environ.get("SIGNET_SECRET")
        if not self.profile and api_key and secret:
            return Profile("", ApiKeyCredential(api_key, secret))
        if not self.profile and (api_key or secret):
            raise NotSignedIn("SIGNET_API_KEY and SIGNET_SECRET go together; one of them is missing.")
        kept = self.profiles.load(self.profile_name)
        if kept is None:
            option = "" if self.profile_name == DEFAULT_PROFILE else f"--profile {self.profile_name} "
            raise NotSignedIn(f"There is no profile {self.profile_name!r}. Sign in: signet {option}login")
        return kept


def state_of(ctx: typer.Context) -> State:
    """The state that the root command has set."""
    state = ctx.find_object(State)
    if state is None:
        raise NotSignedIn("The command was started without its root.")
    return state


def _either_json(ctx: typer.Context, value: bool) -> bool:
    """Join the option of the command with the one before it; errors are printed by the same choice."""
    state = state_of(ctx)
    state.as_json = state.as_json or value
    return state.as_json


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.", callback=_either_json)]
