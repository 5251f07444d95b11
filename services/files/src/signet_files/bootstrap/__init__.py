"""Where adapters meet ports: the only place that knows both, one module per process."""
