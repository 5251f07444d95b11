"""The audit service: who did what, when and from where."""

SERVICE = "audit"
"""The service's name on the bus, in passports and in contracts."""
