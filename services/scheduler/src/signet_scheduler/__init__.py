"""The scheduler: jobs that run once per slot, and the mail of the platform."""

SERVICE = "scheduler"
"""The service's name on the bus, in passports and in contracts."""
