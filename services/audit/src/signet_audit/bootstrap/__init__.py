"""Where adapters meet ports: the only place that knows both, one module per process.

`web` and `background` are apart so that a background process does not load what serves requests (20 MB).
"""
