"""The pytest plugin of the workspace."""
