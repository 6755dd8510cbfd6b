"""Changes to the bytes of a document, as fuzz tests make them: by chance, and by what is known to hurt parsers."""

import random
from dataclasses import dataclass

PAYLOADS: tuple[bytes, ...] = (
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
