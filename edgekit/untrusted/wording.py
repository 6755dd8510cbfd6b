"""Text from a stranger, made fit for a terminal."""

import re
import unicodedata

LONGEST = 2000
"""Characters of one message: more than any sentence of edgekit's own has."""


def harmless(text: str, longest: int = LONGEST) -> str:
    """Return `text` on one line, without the characters that could repaint the screen or turn its direction.

    Spaces of any kind become plain ones, line ends too; control and format characters, halves of characters and
    unassigned ones become "?". At most `longest` characters are kept, from its beginning and its end.
    """
    cut = text if len(text) <= longest else f"{text[: longest * 2 // 3]} … {text[-(longest // 3 - 3) :]}"
    if cut.isprintable():
        return cut
    return "".join(_shown(character) for character in cut)


def harmless_lines(text: str, before: str) -> str:
    """Several lines of a stranger's, each harmless and each with `before` at its front: none can pass for ours."""
    return "".join(f"{before}{harmless(line)}\n" for line in re.split(r"\r\n|\r|\n", text.rstrip("\r\n")))


def escaped_json(document: str) -> str:
    """A JSON text with every character that is not printable written as its escape: it means the same."""
    if document.isascii() or document.replace("\n", "").isprintable():
        return document
    return "".join(
        character if character.isprintable() or character in "\n\t\r" else _escape(character) for character in document
    )


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character in "\t\n\r" or unicodedata.category(character) == "Zs" else "?"


def _escape(character: str) -> str:
    """As RFC 8259 has it: UTF-16 units."""
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place] << 8 | units[place + 1]:04x}" for place in range(0, len(units), 2))
