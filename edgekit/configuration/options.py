"""The options of one step of a configuration: each is asked for, and what nobody asks for is an error."""

from collections.abc import Mapping
from typing import Any

from edgekit.untrusted.wording import harmless

LARGEST = 1 << 15  # pixels


class NotFollowed(Exception):
    """A step, or an option of one, that edgekit does not do; the message says which."""


class Options:
    """The options of the step `name`."""

    def __init__(self, name: str, table: Any) -> None:
        self.name = name
        if table is not None and not isinstance(table, Mapping):
            raise NotFollowed(f"its options are no table ({shown(table)})")
        self._table = {str(key): value for key, value in (table or {}).items()}

    def take(self, name: str, usual: Any = None) -> Any:
        """The option of that name as the file has it; `usual` where it has none."""
        return self._table.pop(name, usual)

    def take_any(self, *names: str) -> Any:
        """The first that is there of an option's several names, None where none is."""
        values = [self.take(name) for name in names]
        return next((value for value in values if value is not None), None)

    def take_only(self, name: str, *allowed: Any) -> None:
        """Take an option of which only these values are followed; raises NotFollowed for another."""
        value = self.take(name, allowed[0])
        if value not in allowed:
            raise NotFollowed(f"its {name} is {shown(value)}")

    def finish(self) -> None:
        """Raise NotFollowed where an option is left."""
        if self._table:
            name, value = next(iter(self._table.items()))
            raise NotFollowed(f"its option {shown(name)} ({shown(value)}) is not known")


def whole(value: Any) -> int:
    """A number of pixels."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) > LARGEST:
        raise NotFollowed(f"{shown(value)} is no number of pixels")
    if int(value) != value or value < 1:
        raise NotFollowed(f"{shown(value)} is no number of pixels")
    return int(value)


def pair(value: Any) -> tuple[int, int]:
    """Two numbers of pixels, in the file's order; one stands for both."""
    if isinstance(value, list | tuple):
        if len(value) != 2:
            raise NotFollowed(f"{shown(value)} is not a size of two sides")
        return whole(value[0]), whole(value[1])
    side = whole(value)
    return side, side


def number(value: Any) -> float:
    """A finite number, or the text of one or of a quotient such as "1./255.".

    PaddleClas evaluates such a text as Python; nothing is executed here.
    """
    try:
        if isinstance(value, str):
            over, slash, under = value.partition("/")
            found = float(over) / float(under) if slash else float(over)
        else:
            found = float("nan") if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        found = float("nan")
    if not abs(found) < 1e30:
        raise NotFollowed(f"{shown(value)} is no number")
    return found


def numbers(value: Any) -> tuple[float, ...]:
    """One to four numbers, by channel; a lone one is a tuple of one."""
    listed = value if isinstance(value, list | tuple) else [value]
    if not 1 <= len(listed) <= 4:
        raise NotFollowed(f"{shown(value)} is not a number for each channel")
    return tuple(number(each) for each in listed)


def shown(value: Any) -> str:
    """A value from a file, short and on one line, for a message."""
    text = value if isinstance(value, str) else repr(value)
    return harmless(text[:57] + "..." if len(text) > 60 else text)
