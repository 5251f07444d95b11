"""The files service in a few lines: what is uploaded can be listed, read in parts, deleted and verified."""

import hashlib
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from libs.client.tests.exchanges import Received, Reply

NOW = "2026-01-01T00:00:00Z"


class FakeFiles:
    """Keeps contents in memory. `breaks` ends the next downloads after so many bytes, without saying so."""

    def __init__(self) -> None:
        self.views: dict[int, dict[str, Any]] = {}
        self.contents: dict[int, bytes] = {}
        self.refusals: dict[str, Reply] = {}
        self.breaks: list[int] = []
        self.verdicts: dict[int, str] = {}
        self.erased: set[int] = set()
        self.whole_only = False
        self.asked: list[Received] = []

    def add(self, file_name: str, content: bytes, **other: object) -> int:
        """Store a file, and return its id."""
        file_id = len(self.views) + 1
        view = {"file_id": file_id, "file_name": file_name, "file_state": "active", "media_type": "text/plain"}
        view |= {"size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "due_at": None, "version": 1}
        self.views[file_id] = view | {"created_at": NOW, "created_by": 1} | other
        self.contents[file_id] = content
        return file_id

    def requests(self, method: str, end: str) -> list[Received]:
        """The requests of this method whose path ends so."""
        return [sent for sent in self.asked if sent.method == method and urlsplit(sent.target).path.endswith(end)]

    def __call__(self, request: Received) -> Reply:
        """Answer one request, of whoever."""
        self.asked.append(request)
        target = urlsplit(request.target)
        query = {name: values[0] for name, values in parse_qs(target.query).items()}
        if target.path == "/api/v1/users/me":
            return Reply({"user_id": 1, "user_name": "admin", "user_state": "active"})
        if target.path == "/api/v1/files":
            return self._upload(request, query) if request.method == "POST" else self._list(query)
        found = re.fullmatch(r"/api/v1/files/([0-9]+)(/content|/verification|/undelete)?", target.path)
        file_id = int(found[1]) if found else 0
        if found is None or file_id not in self.views:
            return Reply(code=404001)
        answers: dict[str | None, Callable[[], Reply]] = {
            "/content": lambda: self._content(file_id, request),
            "/verification": lambda: self._verified(file_id),
            "/undelete": lambda: self._change(file_id, file_state="active"),
            None: lambda: self._one(file_id, request, query),
        }
        return answers[found[2]]()

    def _upload(self, request: Received, query: dict[str, str]) -> Reply:
        if query["file_name"] in self.refusals:
            return self.refusals[query["file_name"]]
        return Reply(self.views[self.add(query["file_name"], request.body)])

    def _list(self, query: dict[str, str]) -> Reply:
        files = [
            view
            for view in self.views.values()
            if view["file_state"] == query.get("file_state", "active")
            and query.get("file_name", "") in view["file_name"]
            and view["size"] >= int(query.get("size_min", 0))
        ]
        return Reply({"files": files, "page": 1, "per_page": 100, "has_more": False})

    def _one(self, file_id: int, request: Received, query: dict[str, str]) -> Reply:
        if request.method == "DELETE" and query.get("permanently") == "true":
            del self.views[file_id]
            return Reply(None)
        if request.method == "DELETE":
            return self._change(file_id, file_state="deleted", due_at="2026-02-01T00:00:00Z")
        return Reply(self.views[file_id])

    def _change(self, file_id: int, **changes: object) -> Reply:
        self.views[file_id] |= changes
        return Reply(self.views[file_id])

    def _content(self, file_id: int, request: Received) -> Reply:
        whole, digest = self.contents[file_id], self.views[file_id]["sha256"]
        wanted, condition = request.headers.get("range"), request.headers.get("if-range")
        first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if condition not in {None, f'"{digest}"'} or self.whole_only:
            first = 0
        headers = {"etag": f'"{digest}"', "content-length": str(len(whole) - first)}
        if first:
            headers["content-range"] = f"bytes {first}-{len(whole) - 1}/{len(whole)}"
        shown = whole[first:]
        if self.breaks:
            shown = shown[: self.breaks.pop(0)]
        return Reply(raw=shown, code=206 if first else 200, headers=headers)

    def _verified(self, file_id: int) -> Reply:
        if file_id in self.erased:
            return Reply(code=404001)
        verdict, size = self.verdicts.get(file_id, "intact"), self.views[file_id]["size"]
        found = {"file_id": file_id, "verdict": verdict, "verified_bytes": size, "size": size, "next_offset": None}
        return Reply(found)
