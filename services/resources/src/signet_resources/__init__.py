"""The resources service: Demo, the example that teams copy."""

SERVICE = "resources"
"""The service's name on the bus, in passports and in contracts."""
