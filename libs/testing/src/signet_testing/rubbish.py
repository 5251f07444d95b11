"""Values that clients send by mistake or on purpose: wrong types, sizes, encodings and ends."""

import random
from collections.abc import Iterator
from urllib.parse import quote

HEADER_VALUES = {
    "empty": b"",
    "blank": b" \t ",
    "NUL": b"a\x00b",
    "escape": b"\x1b[31m",
    "DEL": b"a\x7f",
    "bare CR": b"a\rb",
    "folded line": b"a\r\n b",
    "latin-1": "é".encode("latin-1"),
    "UTF-8": "数据🙂".encode(),
    "broken UTF-8": b"\xf0\x9f\x99",
    "quotes": b"\"'\\`;--",
    "list": b"a,b,,c",
    "negative": b"-1",
    "huge number": b"9" * 400,
    "4 KiB": b"a" * 4096,
    "100 KiB": b"a" * 102_400,
}

TEXTS = (
    *(b"", b" ", b"\x00", b"a\x00b", b"\x1b", b"\x7f", b"%", b"_", b"'", b'"', b"\\", b"../../etc/passwd", b"${7*7}"),
    *("é".encode(), "数据🙂数据🙂".encode(), "\u202e".encode(), "e\u0301".encode(), "\ufffe".encode()),
    *(b"\xff\xfe", b"\xf0\x9f\x99", b"\xed\xa0\x80", b"\xc0\xaf", b"a" * 2000),
    *(b"-1", b"0", b"00", b"+1", b"1.0", b"1e3", b"0x10", b"9" * 30, b"-" + b"9" * 30, b"NaN", b"Infinity"),
    *("１".encode(), b"true", b"TRUE", b"null", b"[]", b"{}", b"2026-02-30", b"2026-1-1", b"0000-00-00", b"9999-12-31"),
    *(b"2026-01-01T00:00:00Z", b"2026-01-01T00:00:00", b"10000-01-01T00:00:00Z", b"0001-01-01T00:00:00+14:00"),
)
"""Bytes for a parameter, to be escaped."""

BODIES = (
    *(b"", b" ", b"{", b"}", b"null", b"true", b"1", b'"text"', b"[]", b"[{}]", b"{}{}", b"\x00", b"\xff" * 10),
    *(
        b"\xef\xbb\xbf{}",
        '{"demo_name":"a"}'.encode("utf-16"),
        b'{"demo_name":"\xff"}',
        b'{"demo_name":"\xed\xa0\x80"}',
    ),
    *(rb'{"demo_name":"\ud800"}', rb'{"demo_name":"\u0000"}', b'{"demo_name":"a\nb"}', b'{"demo_name":NaN}'),
    *(
        b'{"demo_name":null}',
        b'{"demo_name":1}',
        b'{"demo_name":["a"]}',
        b'{"demo_name":{"$ne":""}}',
        b'{"demo_name":""}',
    ),
    *(b'{"demo_name":"a","demo_name":1}', b'{"demo_name":"a","demo_id":1}', b'{"__proto__":{}}', b'{"":""}'),
    *(b'{"demo_name":' + b"9" * 5000 + b"}", b'{"demo_name":1e999}', b'{"demo_name":-0.0}', b'{"demo_state":"gone"}'),
    *(b"[" * 50_000, b'{"a":' * 20_000, b'{"demo_name":"' + b"a" * 500_000 + b'"}', b"<xml/>", b"demo_name=a", b"--x"),
    *(b'{"roles":"administrator"}', b'{"user_name":"a","roles":[1]}', b'{"login":"a"}', b'{"login":1,"password":[]}'),
    *(b'{"login":"\\u0000","password":"' + b"a" * 10_000 + b'"}', b'{"expires_at":"yesterday"}', b'{"user_id":1e400}'),
)
"""Bodies that no operation takes, whatever their media type says."""

PATH_IDS = (
    "0",
    "-1",
    "01",
    "1.0",
    "1e3",
    "abc",
    "9" * 16,
    "9" * 40,
    quote("１"),
    quote("é"),
    "%20",
    "1;v=2",
    "null",
    "(1)",
)
"""What may stand in a path where an id belongs; each is spelled as the protocol wants it."""


def escaped_texts() -> Iterator[str]:
    """`TEXTS` for a query."""
    return (quote(text, safe="") for text in TEXTS)


def mutations(wire: bytes, count: int, seed: int) -> Iterator[bytes]:
    """`wire` with some bytes flipped, lost, doubled or moved; the same ones for the same seed."""
    chance = random.Random(seed)
    for _ in range(count):
        mutated = bytearray(wire)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(mutated))
            match chance.randrange(4):
                case 0:
                    mutated[place] = chance.randrange(256)
                case 1:
                    del mutated[place : place + chance.randint(1, 8)]
                case 2:
                    mutated[place:place] = mutated[place : place + chance.randint(1, 40)]
                case _:
                    mutated[place:place] = chance.randbytes(chance.randint(1, 4))
        yield bytes(mutated)
