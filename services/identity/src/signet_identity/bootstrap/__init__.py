"""Where adapters meet ports: the only place that knows both, one module per process.

They are apart so that a background process, or a command, does not load what serves requests.
"""
