"""Contents to blobs and back, a chunk at a time: memory does not grow with the file.

Reading proves first how long the content is: the last chunk alone decrypts as the last, under its own index. So a blob
that was cut, at the border of a chunk too, is refused before anything of it leaves.
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from signet_files.adapters.outbound.file_format import (
    CHUNK_BYTES,
    HEADER_BYTES,
    SEALED_BYTES,
    TAG_BYTES,
    blob_size,
    bound_to,
    chunk_at,
    chunks_in,
    header_of,
    nonce_of,
)
from signet_files.adapters.outbound.regrouping import Pieces, filled
from signet_files.application.storage import ReadBlob
from signet_files.domain.contents import Content
from signet_files.domain.errors import FileDamaged, FilesError

PIECE_CHUNKS = 4
"""How many chunks leave at a time: each piece is a turn of its own of everybody on its way to the client."""


class AesGcmFileCipher:
    """Fulfils the port `FileCipher`."""

    def encrypt(self, key: bytes, file_id: int, version: int, plain: Iterable[bytes]) -> Iterator[bytes]:
        """The header, then each chunk as soon as it is known whether another one follows."""
        header, cipher = header_of(file_id, version), AESGCM(key)
        yield header
        for index, (chunk, last) in enumerate(filled(plain, CHUNK_BYTES)):
            yield cipher.encrypt(nonce_of(index, last=last), chunk, bound_to(header, index, last=last))

    def decrypt(
        self, key: bytes, content: Content, read: ReadBlob, start: int, stop: int
    ) -> Generator[memoryview, None, None]:
        """Prove the length, decrypt the first piece, and return what yields the rest after it. Raises FileDamaged."""
        if not 0 <= start <= stop <= content.size:
            raise ValueError(f"bytes {start} to {stop} of {content.size}")
        pieces = _Blob(AESGCM(key), content, read).plain(start, stop)
        # Asked for now, so that what can be refused in words is.
        return _resumed(next(pieces), pieces)


class _Blob:
    """One blob that is being read."""

    def __init__(self, cipher: AESGCM, content: Content, read: ReadBlob) -> None:
        self._cipher = cipher
        self._content = content
        self._read = read
        self._header = header_of(content.file_id, content.version)
        self._last = chunks_in(content.size) - 1

    def plain(self, start: int, stop: int) -> Generator[memoryview, None, None]:
        """The bytes [start, stop), in one piece at least, which may be empty."""
        last_chunk = self._proven_ends()
        first, behind = start // CHUNK_BYTES, min(-(-stop // CHUNK_BYTES), self._last)
        if first < behind:
            with closing(self._read(chunk_at(first), (behind - first) * SEALED_BYTES)) as found:
                sealed = Pieces(found)
                for index in range(first, behind, PIECE_CHUNKS):
                    for piece in self._opened(sealed, index, min(index + PIECE_CHUNKS, behind)):
                        yield _within(piece, index, start, stop)
        if start == stop or stop > self._last * CHUNK_BYTES:
            yield _within(last_chunk, self._last, start, stop)

    def _proven_ends(self) -> memoryview:
        """The last chunk, after the header; nothing is missing between them, and nothing follows."""
        if not self._last:
            whole = self._to_the_end(0)
            self._prove_header(whole[:HEADER_BYTES])
            return self._last_opened(whole[HEADER_BYTES:])
        with closing(self._read(0, HEADER_BYTES)) as found:
            self._prove_header(b"".join(found))
        return self._last_opened(self._to_the_end(chunk_at(self._last)))

    def _to_the_end(self, begin: int) -> bytes:
        """All that is stored from `begin` on, which has to be as long as the content says."""
        length = blob_size(self._content.size) - begin
        # One byte more than there should be, to see that there is none.
        with closing(self._read(begin, length + 1)) as found:
            stored = b"".join(found)
        if len(stored) != length:
            raise FileDamaged(f"{self._name()} is stored in another length")
        return stored

    def _prove_header(self, stored: bytes) -> None:
        if stored != self._header:
            raise FileDamaged(f"{self._name()} begins with another header")

    def _opened(self, sealed: Pieces, first: int, behind: int) -> Generator[memoryview, None, None]:
        """The chunks [first, behind), each of its full length, in one piece; before one that fails, those before it."""
        plain = memoryview(bytearray((behind - first) * CHUNK_BYTES))
        proven = 0
        try:
            for index in range(first, behind):
                self._open(sealed.take(SEALED_BYTES), index, plain[proven : proven + CHUNK_BYTES])
                proven += CHUNK_BYTES
        except FilesError:
            if proven:
                yield plain[:proven]
            raise
        yield plain

    def _last_opened(self, sealed: bytes) -> memoryview:
        plain = memoryview(bytearray(len(sealed) - TAG_BYTES))
        self._open(sealed, self._last, plain)
        return plain

    def _open(self, sealed: bytes | bytearray | memoryview, index: int, plain: memoryview) -> None:
        last = index == self._last
        nonce, bound = nonce_of(index, last=last), bound_to(self._header, index, last=last)
        try:
            if len(sealed) != len(plain) + TAG_BYTES:
                # A store that ends early: `decrypt_into` would take that for a mistake of its caller.
                raise InvalidTag
            self._cipher.decrypt_into(nonce, sealed, bound, plain)
        except InvalidTag:
            # Not chained: it has nothing to say.
            raise FileDamaged(f"chunk {index} of {self._name()} does not decrypt") from None

    def _name(self) -> str:
        return f"file {self._content.file_id} version {self._content.version}"


def _within(piece: memoryview, index: int, start: int, stop: int) -> memoryview:
    """What of a piece, which begins with the chunk `index`, lies in [start, stop) of the content."""
    begin = index * CHUNK_BYTES
    return piece[max(0, start - begin) : max(0, stop - begin)]


def _resumed(first: memoryview, rest: Generator[memoryview, None, None]) -> Generator[memoryview, None, None]:
    with closing(rest):
        yield first
        yield from rest
