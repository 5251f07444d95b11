"""Puts the gateway together: the only place where the adapters meet the ports."""
