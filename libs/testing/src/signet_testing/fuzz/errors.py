"""What ends a fuzzing run before it has said anything about the deployment."""


class CannotFuzz(Exception):
    """One line that says what is missing or in the way."""
