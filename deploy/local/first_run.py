"""The first administrator's file, which an instance keeps telling the truth."""

import json
from pathlib import Path

from deploy.local.layout import write_private


def refresh(path: Path, url: str, sealing_key: str = "") -> None:
    """Keep `url` right when the instance has moved to another port, and `sealing_key` when keys were rotated.

    The thumbprint is what a client on this machine pins without having to believe the network. A file that is not ours
    is left alone.
    """
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return
    if not isinstance(content, dict) or "url" not in content:
        return
    told = content | {"url": url} | ({"sealing_key": sealing_key} if sealing_key else {})
    if told != content:
        write_private(path, json.dumps(told, indent=2) + "\n")


def newest_sealing_key(path: Path) -> str:
    """The thumbprint of the newest key in the gateway's file, empty if there is no such file to read."""
    try:
        return str(json.loads(path.read_text())["keys"][0]["key_id"])
    except (OSError, ValueError, LookupError, TypeError):
        return ""
