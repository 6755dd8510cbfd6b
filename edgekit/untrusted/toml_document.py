"""TOML from strangers: keys of thousands of parts, tables without end, numbers of any length, dates anywhere."""

import re
import tomllib
from pathlib import Path
from typing import Any

from edgekit.errors import UsageError
from edgekit.untrusted.files import read_text
from edgekit.untrusted.values import DEEPEST, Unusable, check_values
from edgekit.untrusted.wording import harmless

LARGEST_BYTES = 1 << 20
MOST_VALUES = 200_000

# Comments and strings as a whole. Of two dots in a row on one line, with only parts of a key between them, the second
# belongs to the same key; anything else that is no part of a key ends it.
_TOKENS = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:"""|\Z)'
    r"|'''(?:[^']|'(?!''))*+(?:'''|\Z)"
    r'|"(?:[^"\\\n]|\\[^\n])*+"?'
    r"|'[^'\n]*+'?"
    r"|\#[^\n]*+"
    r"|[\[\]{}.=,\n]",
    re.DOTALL,
)


def read_toml(path: Path, what: str = "file") -> dict[str, Any]:
    """The table in a TOML file of at most 1 MiB: plain values only. Raises UsageError, which names the file."""
    text = read_text(path, LARGEST_BYTES, what)
    try:
        return decode_toml(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"the {what} {path} is not TOML: {harmless(str(error), 300)}") from None
    except Unusable as error:
        raise UsageError(f"the {what} {path} cannot be read: {error}") from None


def decode_toml(text: str) -> dict[str, Any]:
    """The table that a TOML text describes. Raises TOMLDecodeError, and Unusable for what is too deep or not plain."""
    check_keys(text)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise Unusable("its values lie too deep") from None
    except (ValueError, OverflowError) as error:
        # Python's word for an integer of thousands of digits, or a date that no calendar has.
        raise Unusable(f"it holds an impossible value ({harmless(str(error), 100)})") from None
    check_values(table, most=MOST_VALUES)
    return table


def check_keys(text: str) -> None:
    """Raise Unusable where brackets are nested, or a key has parts, beyond the depth that any document may have.

    tomllib's time grows with the square of a key's parts. Linear, and builds nothing.
    """
    depth = parts = 0
    for token in _TOKENS.finditer(text):
        match text[token.start()]:
            case "[" | "{":
                depth, parts = depth + 1, 0
                if depth > DEEPEST:
                    raise Unusable(f"its values lie more than {DEEPEST} deep")
            case "]" | "}":
                depth, parts = max(depth - 1, 0), 0
            case ".":
                parts += 1
                if parts > DEEPEST:
                    raise Unusable(f"it has a key of more than {DEEPEST} parts")
            case "\n" | "=" | ",":
                parts = 0
