"""The files service: files, each encrypted under a key of its own."""

SERVICE = "files"
"""The service's name on the bus, in passports and in contracts."""
