"""Fuzzing of a running deployment from its contracts: Schemathesis, signing what it sends."""
