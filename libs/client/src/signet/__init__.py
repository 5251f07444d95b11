"""The Signet SDK: one client, typed resources, one error tree."""

from signet.client import Client
from signet.credentials import ApiKeyCredential, Credential, TokenCredential
from signet.errors import Refused, SignetError

__all__ = ["ApiKeyCredential", "Client", "Credential", "Refused", "SignetError", "TokenCredential"]
