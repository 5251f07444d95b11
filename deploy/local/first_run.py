"""The first administrator's file, which an instance keeps telling the truth."""

import json
from pathlib import Path

from deploy.local.layout import write_private


def refresh_url(path: Path, url: str) -> None:
    """Keep `url` right when the instance has moved to another port; leave a file that is not ours alone."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return
    if isinstance(content, dict) and content.get("url", url) != url:
        write_private(path, json.dumps(content | {"url": url}, indent=2) + "\n")
