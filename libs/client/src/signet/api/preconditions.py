"""Conditions on the version of what is changed."""


def if_version(version: int | None) -> dict[str, str]:
    """The headers of a change that applies to this version alone (RFC 9110, 13.1.1); none without one."""
    return {} if version is None else {"If-Match": f'"{version}"'}
