"""JSON from strangers: the text is looked at before anything is built of it."""

import json
import re
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from edgekit.errors import UsageError
from edgekit.untrusted.files import read_bytes
from edgekit.untrusted.values import DEEPEST, Unusable, check_values
from edgekit.untrusted.wording import harmless

Shape = TypeVar("Shape")


class NotJson(Unusable):
    """A text is no JSON at all."""


# Strings as a whole, so that brackets in them count for nothing; one without an end reaches to the end. Each byte is
# looked at once: alternatives exclude each other, and what was taken is not given back.
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)
_LONGEST_NUMBER = 400
"""Characters; a float64 written out in full has at most 327 before or after its point."""


def read_json(path: Path, shape: type[Shape], largest: int, what: str = "file", way_out: str = "") -> Shape:
    """The value of a JSON file, as msgspec makes a `shape` of it. Raises UsageError, which names the file."""
    try:
        return decode_json(read_bytes(path, largest, what, way_out), shape)
    except Unusable as error:
        raise UsageError(f"{path} cannot be read: {error}", way_out) from None


def decode_json(content: bytes, shape: type[Shape], deepest: int = DEEPEST) -> Shape:
    """The value of a JSON text in UTF-8, as msgspec makes a `shape` of it.

    Raises Unusable where it is no JSON, names a key twice, is nested deeper than `deepest`, or has another shape.
    """
    import msgspec

    value = plain_json(content, deepest)
    if shape is dict and isinstance(value, dict):
        return value  # type: ignore[return-value]
    try:
        return msgspec.convert(value, shape, str_keys=True)
    except msgspec.ValidationError as error:
        raise Unusable(f"it is not what it should be: {harmless(str(error), 300)}") from None
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Unusable(f"it is impossible: {harmless(str(error), 300)}") from None


def plain_json(content: bytes, deepest: int = DEEPEST) -> Any:
    """The plain value of a JSON text in UTF-8. Raises Unusable as `decode_json` does."""
    check_depth(content, deepest)
    try:
        text = content.decode("utf-8-sig")
        value = json.loads(
            text, object_pairs_hook=_table, parse_int=_integer, parse_float=_number, parse_constant=_constant
        )
    except UnicodeDecodeError:
        raise Unusable("it is not text in UTF-8") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"it is not JSON: {error.msg} in line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise Unusable("its values lie too deep") from None
    check_values(value, deepest + 1)
    return value


def encode_json(document: Any) -> bytes:
    """The JSON text of `document`, which may hold msgspec structs and paths, in lines.

    Half a character, as in the name of a file that is not UTF-8, becomes U+FFFD: JSON cannot hold it.
    """
    import msgspec

    try:
        encoded = msgspec.json.encode(document, enc_hook=str)
    except UnicodeEncodeError:
        encoded = msgspec.json.encode(_whole_characters(msgspec.to_builtins(document, enc_hook=str)))
    return msgspec.json.format(encoded, indent=1)


def _whole_characters(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_whole_characters(key): _whole_characters(one) for key, one in value.items()}
    return [_whole_characters(one) for one in value] if isinstance(value, list | tuple) else value


def check_depth(content: bytes, deepest: int = DEEPEST) -> None:
    """Raise Unusable where brackets in a JSON text are nested deeper than `deepest`; linear, and builds nothing."""
    depth = 0
    for token in _TOKENS.finditer(content):
        match content[token.start()]:
            case 0x5B | 0x7B:
                depth += 1
                if depth > deepest:
                    raise Unusable(f"its values lie more than {deepest} deep")
            case 0x5D | 0x7D:
                depth -= 1


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise Unusable(f"it has the key {harmless(twice, 60)!r} twice in one table")
    return table


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise Unusable(f"it holds a number of {len(digits)} characters")
    return int(digits)


def _number(digits: str) -> float:
    if len(digits) > _LONGEST_NUMBER * 2:
        raise Unusable(f"it holds a number of {len(digits)} characters")
    return float(digits)


def _constant(name: str) -> NoReturn:
    raise Unusable(f"it holds {name}, which is no JSON")
