"""What a request is signed with. The secret signs and never travels."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ApiKeyCredential:
    """An API key and its secret."""

    api_key: str
    secret: str = field(repr=False)

    @property
    def identifier(self) -> str:
        """What stands in the credential line of the string to sign."""
        return self.api_key

    @property
    def header(self) -> tuple[str, str]:
        """The header that presents it."""
        return "X-Api-Key", self.api_key


@dataclass(frozen=True, slots=True)
class TokenCredential:
    """A session's token and the session's own secret; the token too is kept out of sight."""

    token: str = field(repr=False)
    secret: str = field(repr=False)

    @property
    def identifier(self) -> str:
        """What stands in the credential line of the string to sign: the token without `Bearer `."""
        return self.token

    @property
    def header(self) -> tuple[str, str]:
        """The header that presents it."""
        return "Authorization", f"Bearer {self.token}"


Credential = ApiKeyCredential | TokenCredential
