"""Reads one HTTP/1.1 answer with llhttp, which geventhttpclient brings."""

from geventhttpclient.response import HTTPParseError, HTTPResponse


class AnswerParser(HTTPResponse):
    """Feed it what is received until `complete`; interim answers (1xx) are skipped.

    Anything that follows the answer is an error: on a connection that carries one request at a time it could only be
    meant for somebody else.
    """

    def __init__(self, method: str) -> None:
        super().__init__(method)
        self.fields: list[tuple[str, str]] = []
        self.body = bytearray()
        self.complete = False

    def _on_message_begin(self) -> None:
        if self.complete:
            raise HTTPParseError("more than one answer")
        super()._on_message_begin()
        self.fields.clear()

    def _flush_header(self) -> None:
        if self._current_header_field is not None:
            self.fields.append((self._current_header_field.lower(), self._current_header_value or ""))
            self._current_header_field = None
            self._current_header_value = None

    def _on_body(self, buf: bytearray) -> None:
        self.body += buf

    def _on_message_complete(self) -> None:
        super()._on_message_complete()
        self.complete = self.get_code() >= 200
