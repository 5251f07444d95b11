"""What can be wrong with what reaches the audit log.

AuditError
└── Unrecordable        an event that the log cannot hold as it is
"""


class AuditError(Exception):
    """The root of this service's refusals."""


class Unrecordable(AuditError):
    """An event says something that no record can hold; the message names the field, never its value."""
