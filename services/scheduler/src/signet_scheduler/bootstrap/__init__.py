"""Where adapters meet ports: a module per process, and one for the contracts."""
