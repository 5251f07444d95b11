"""The locations of nginx whose bodies pass unbuffered: one for each path that a contract marks with `x-stream`.

nginx matches the decoded path, the gateway the one that was sent. That is no way around anything: a location chooses
whether bodies are buffered and how long they may be, and the request goes on byte for byte in either case.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

_PARAMETER = re.compile(r"\{\w+\}")
_LOCATION = """location ~ ^{pattern}$ {{
            if ($target_form = other) {{
                return 400;
            }}
            proxy_pass http://gateway;
            proxy_request_buffering off;
            proxy_buffering off;
            proxy_buffer_size 256k;
            proxy_buffers 4 256k;{limit}
        }}
"""
_LIMIT = "\n            client_max_body_size {limit};"


def stream_locations(contracts: Path) -> str:
    """The blocks for nginx.conf.template's `stream_locations`, from `<contracts>/openapi/*.yaml`; often none."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    blocks: list[str] = []
    for file in sorted((contracts / "openapi").glob("*.yaml")):
        document = yaml.load(file.read_text(encoding="utf-8"), Loader=loader)
        blocks += [_location(path, streams) for path, streams in _streams(document)]
    return "        ".join(blocks)


def _streams(document: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    for path, item in sorted(document["paths"].items()):
        streams = [each for each in item.values() if isinstance(each, dict) and each.get("x-stream")]
        if streams:
            yield path, streams


def _location(path: str, streams: Sequence[Mapping[str, Any]]) -> str:
    """One block. Its limit is the highest of its operations': the gateway holds each to its own."""
    literals = [re.escape(part) for part in _PARAMETER.split(path)]
    limits = [each["x-max-body-bytes"] for each in streams if "x-max-body-bytes" in each]
    limit = _LIMIT.format(limit=max(limits)) if limits else ""
    return _LOCATION.format(pattern="[^/]+".join(literals), limit=limit)


if __name__ == "__main__":
    print(stream_locations(Path(sys.argv[1])))
