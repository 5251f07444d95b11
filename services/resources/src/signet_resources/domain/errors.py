"""What can be wrong with a request to this service.

ResourcesError
├── DemoNotFound        no such demo, or none that the caller may see
├── DemoNameTaken       another demo has the name
└── VersionMismatch     the demo has changed since the client saw it
"""


class ResourcesError(Exception):
    """The root of this service's refusals; the message is for the client."""


class DemoNotFound(ResourcesError):
    """No such demo, or none that the caller may see."""


class DemoNameTaken(ResourcesError):
    """Another demo has the name."""


class VersionMismatch(ResourcesError):
    """The demo has changed since the client saw it."""
