"""What a document may hold, whatever its format: plain values, not too deep, not too many, none that has no end."""

import datetime
import math
from typing import Any

DEEPEST = 40
MOST_VALUES = 1_000_000
LARGEST_INTEGER = 1 << 64
"""Where integers end: msgspec and JSON's other readers take 64 bits, and Python is slow from thousands of digits on."""


class Unusable(ValueError):
    """A document holds what none may hold; the message says what, and begins with "it"."""


def check_values(document: Any, deepest: int = DEEPEST, most: int = MOST_VALUES) -> None:
    """Raise Unusable where a document's values are too deep or too many, or one is no plain value.

    Plain are text, integers of 64 bits, finite numbers, truth values, nothing, lists and tables with text as keys. A
    value that stands in two places counts twice, so one that holds itself is too deep.
    """
    count = 0
    waiting: list[tuple[Any, int]] = [(document, 0)]
    while waiting:
        value, depth = waiting.pop()
        count += 1
        if count > most:
            raise Unusable(f"it holds more than {most} values")
        if isinstance(value, dict | list | tuple):
            if depth >= deepest:
                raise Unusable(f"its values lie more than {deepest} deep")
            if isinstance(value, dict):
                for key in value:
                    _check_key(key)
                waiting += ((one, depth + 1) for one in value.values())
            else:
                waiting += ((one, depth + 1) for one in value)
        else:
            _check_plain(value)


def short_integer(digits: str) -> int:
    """An integer of 64 bits. Raises Unusable for a longer one, without reading it."""
    if len(digits) > 20 or not -LARGEST_INTEGER // 2 <= (value := int(digits)) < LARGEST_INTEGER:
        raise Unusable("it holds an integer of more than 64 bits")
    return value


def _check_key(key: Any) -> None:
    if not isinstance(key, str):
        raise Unusable("it has a table whose keys are not text")
    _check_plain(key)


def _check_plain(value: Any) -> None:
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise Unusable("it holds half a character (a lone surrogate)")
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int):
        if not -LARGEST_INTEGER // 2 <= value < LARGEST_INTEGER:
            raise Unusable("it holds an integer of more than 64 bits")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise Unusable("it holds a number that is infinite or none (NaN)")
    elif isinstance(value, datetime.date | datetime.time):
        raise Unusable(f"it holds a date or time ({value}) where text or a number belongs; put it in quotes")
    else:
        raise Unusable(f"it holds a value of a kind that no document has ({type(value).__name__})")
