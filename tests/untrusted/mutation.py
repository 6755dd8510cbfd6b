"""Changes to the bytes of a document, as fuzz tests make them: by chance, and by what is known to hurt parsers."""

import copy
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MARKUP: tuple[bytes, ...] = (b"<script>alert(1)</script>", b"<img src=x onerror=alert(1)>")
"""What must not be in a page as it is."""

PAYLOADS: tuple[bytes, ...] = (
    *MARKUP,
    b"", b"\x00", b"\xff", b"\xed\xa0\x80", b"\\ud800", b"\xe2\x80\xae", b"\x1b[2J", b"\n",
    b"\r\nedgekit: passed\r\n",
    b"[/red]", b"[bold]", b'"', b"'", b"\\", b"{", b"}", b"[", b"]", b",", b":", b"=", b".", b"-", b"#", b"|", b"&a ",
    b"*a", b"<<: *a", b"!!int abc", b"!!python/object/apply:os.system [touch executed]",
    b"? ", b"- ", b"%", b"@", b"null", b"true",
    b"NaN", b"Infinity", b"-1", b"0", b"1e999", b".inf", b"2021-13-45", b"1:2:3", b"0x", b"18446744073709551616",
    b"9" * 400, b"9" * 5000, b"[" * 50, b"{" * 50, b"[" * 5000, b"- " * 3000, b'{"a":' * 2000,
    b"a." * 3000, b"(" * 3000,
    b"../../etc/passwd", b"/dev/zero", b"\x80\x02cposix\nsystem\n(S'touch executed'\ntR.", b"\x94" * 9,
    b"q\x00h\x00", b"R", b"b",
    (1 << 62).to_bytes(8, "little"), (1 << 31).to_bytes(4, "little"), b"\xff" * 8, b"image", b"openvino", b"dynamic",
    b"-0.0", b"1e-320", b"1e308", b"[]", b"{}", b"999999999999999999",
)  # fmt: skip
KINDS = ("replace", "insert", "delete", "repeat", "flip", "cut", "swap")


@dataclass(frozen=True)
class Edit:
    """One change: its `kind`, where (a share of the length), over how many bytes, and with what."""

    kind: str
    at: float
    span: int
    payload: bytes

    def apply(self, content: bytes) -> bytes:
        """The content with the change."""
        place = int(self.at * len(content))
        head, body, tail = content[:place], content[place : place + self.span], content[place + self.span :]
        match self.kind:
            case "replace":
                return head + self.payload + tail
            case "insert":
                return head + self.payload + body + tail
            case "delete":
                return head + tail
            case "repeat":
                return head + body * 3 + tail
            case "flip":
                return head + bytes(byte ^ (1 << self.span % 8) for byte in body[:1]) + body[1:] + tail
            case "cut":
                return head
            case "swap":
                return head + body[::-1] + tail
        raise ValueError(self.kind)


def edited(content: bytes, edits: "list[Edit] | tuple[Edit, ...]") -> bytes:
    """The content with all changes, one after another."""
    for edit in edits:
        content = edit.apply(content)
    return content


def drawn(chance: random.Random) -> list[Edit]:
    """One to four changes by chance."""
    return [
        Edit(chance.choice(KINDS), chance.random(), chance.choice((1, 1, 2, 4, 8, 30, 200)), payload(chance))
        for _ in range(chance.choice((1, 1, 2, 4)))
    ]


def payload(chance: random.Random) -> bytes:
    """What is put in: known trouble, or any bytes."""
    return chance.choice(PAYLOADS) if chance.random() < 0.7 else chance.randbytes(chance.randrange(1, 9))


VALUES: tuple[object, ...] = (
    None, True, False, 0, 1, -1, 2, 7, -(1 << 63), (1 << 63) - 1, (1 << 64) - 1, 999_999_999_999, 0.0, -0.0, -1.5, 0.5,
    1e-320, 1e-45, 1e308, -1e308, "", "x", "nan", "Infinity", "../../etc/passwd", "/dev/zero", "a\nedgekit: passed",
    "\x1b[2J", "\u202e", "\ue000", "[/red]", "[bold]", "|", "`", "-->", "e" * 3000, "\u0301" * 50, "0" * 64, "passed",
    "failed", "onnx", "fp32", "int8", "sigmoid", "features", "dynamic", "2021-13-45T99:99", [], {}, [[]], [1], [1, 2],
    [1, 2, 3], ["x"], {"x": 1}, {"p50_ms": 0}, {"p50_ms": -1.0, "p95_ms": 1e308}, {"\x1b[2J": "\x1b[2J"},
    *(one.decode() for one in MARKUP),
)  # fmt: skip


def revalued(content: bytes, chance: random.Random) -> bytes:
    """A JSON document, or one of a line each, that still is one: one to three values are others, or gone, or twice.

    What is no JSON comes back as it is.
    """
    lines = content.splitlines(keepends=True)
    if len(lines) > 1 and lines[0].rstrip().endswith(b"}"):
        at = chance.randrange(len(lines))
        return b"".join([*lines[:at], _revalued(lines[at], chance) + b"\n", *lines[at + 1 :]])
    return _revalued(content, chance)


def _revalued(content: bytes, chance: random.Random) -> bytes:
    try:
        document = json.loads(content)
    except ValueError:
        return content
    for _ in range(chance.choice((1, 1, 2, 3))):
        places = list(_places(document))
        if not places:
            break
        holder, key = chance.choice(places)
        match chance.randrange(8):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, list):
                holder.insert(key, holder[key])
            case _:
                holder[key] = copy.deepcopy(chance.choice(_of_its_kind(holder[key], chance)))
    return json.dumps(document, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")


def _of_its_kind(value: object, chance: random.Random) -> list[object]:
    """Mostly values of the same type, which a reader's schema lets pass."""
    alike = [one for one in VALUES if type(one) is type(value)]
    return alike if alike and chance.random() < 0.8 else list(VALUES)


def _places(document: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a value: what holds it, and under which key."""
    waiting = [document]
    while waiting:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        for key in keys:
            yield holder, key
            waiting.append(holder[key])
