"""The identity service: who may do what."""

SERVICE = "identity"
"""The service's name on the bus, in passports and in contracts."""
