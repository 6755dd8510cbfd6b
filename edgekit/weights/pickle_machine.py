"""A reader of pickled data that knows data only: it imports, calls and constructs nothing that the file
names.

A pickle is a program for a small stack machine. `run` interprets it itself, one instruction at a time, and
refuses each instruction that this file does not list. A name that the file asks for (GLOBAL) becomes an
inert `Name`; "calling" one (REDUCE) and "setting its state" (BUILD) go to the caller's two functions, which
recognise what they know and refuse the rest. So neither Python's unpickler nor the code of numpy or Paddle
ever runs on the file's behalf.
"""

import pickletools
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NamedTuple, NoReturn, Protocol, cast


class Readable(Protocol):
    """What pickletools reads from."""

    def read(self, count: int, /) -> bytes:
        """So many bytes, fewer at the end."""
        ...

    def readline(self) -> bytes:
        """Up to the next line end."""
        ...


class Name(NamedTuple):
    """Something the file asks to import, not imported: `numpy.ndarray`."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


MOST_INSTRUCTIONS = 1_000_000
"""A tensor takes about thirty: the largest classifier, has a tenth of them."""


class Refused(Exception):
    """The file asks for something that data never needs; the message says for what."""


class Damaged(Exception):
    """The bytes are not a whole pickle; the message says why."""


class _Mark:
    """The stack's own separator."""


_MARK = _Mark()

# What each instruction that only puts its argument on the stack is called by pickletools.
# fmt: off
_LITERALS = frozenset({
    "INT", "LONG", "BININT", "BININT1", "BININT2", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "STRING", "BINSTRING", "SHORT_BINSTRING",
    "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8",
    "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8",
})
# fmt: on
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}

# Why pickles have the instructions that are refused: said to the user.
_REFUSALS = {
    "PERSID": "asks for an object outside itself (PERSID)",
    "BINPERSID": "asks for an object outside itself (BINPERSID)",
    "EXT1": "asks for a registered extension (EXT1)",
    "EXT2": "asks for a registered extension (EXT2)",
    "EXT4": "asks for a registered extension (EXT4)",
    "NEXT_BUFFER": "asks for a buffer outside itself (NEXT_BUFFER)",
}


def run(
    file: Readable,
    call: Callable[[Name, tuple[Any, ...]], Any],
    set_state: Callable[[Any, Any], None],
) -> Any:
    """Interpret the pickle in `file` and return the value it describes.

    `call` gets a name and its arguments and returns the value that stands for the result; `set_state` gets
    such a value and its state. Both raise Refused for what they do not know. Raises Damaged when the bytes
    are not a whole pickle.
    """
    machine = _Machine(call, set_state)
    for count, (instruction, argument, position) in enumerate(_instructions(file)):
        # An instruction of one byte may leave a table of sixty.
        if count >= MOST_INSTRUCTIONS:
            raise Refused(f"has more than {MOST_INSTRUCTIONS} instructions, far more than tensors need")
        try:
            machine.step(instruction, argument)
        except (IndexError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise Damaged(f"instruction {instruction} at byte {position} makes no sense") from error
        if machine.stopped:
            return machine.stack[-1]
    raise Damaged("it ends before its last instruction")


def _instructions(file: Readable) -> Iterator[tuple[str, Any, int]]:
    try:
        for opcode, argument, position in pickletools.genops(cast("BinaryIO", file)):
            yield opcode.name, argument, position or 0
    except (ValueError, IndexError, KeyError, OverflowError, EOFError) as error:
        raise Damaged(_first_line(error)) from error
    except MemoryError as error:
        raise Damaged("it claims a value larger than this machine's memory") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]


class _Machine:
    def __init__(self, call: Callable[[Name, tuple[Any, ...]], Any], set_state: Callable[[Any, Any], None]) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.stopped = False
        self._call = call
        self._set_state = set_state

    def step(self, instruction: str, argument: Any) -> None:
        if instruction in _LITERALS:
            self.stack.append(argument)
        elif instruction in _CONSTANTS:
            self.stack.append(_CONSTANTS[instruction])
        elif instruction in _TUPLES:
            count = _TUPLES[instruction]
            self.stack.append(tuple(self._pop(count)))
        else:
            handler = getattr(self, f"_do_{instruction.lower()}", None)
            if handler is None:
                self._refuse(instruction)
            handler(argument)

    def _refuse(self, instruction: str) -> NoReturn:
        raise Refused(_REFUSALS.get(instruction, f"asks to build an object ({instruction})"))

    # -- the stack

    def _pop(self, count: int) -> list[Any]:
        if count == 0:
            return []
        values = self.stack[-count:]
        if len(values) < count or any(value is _MARK for value in values):
            raise IndexError("stack underflow")
        del self.stack[-count:]
        return values

    def _pop_to_mark(self) -> list[Any]:
        values: list[Any] = []
        while (value := self.stack.pop()) is not _MARK:
            values.append(value)
        return values[::-1]

    def _top(self) -> Any:
        if self.stack[-1] is _MARK:
            raise IndexError("stack underflow")
        return self.stack[-1]

    def _do_proto(self, version: int) -> None:
        if version > 5:
            raise ValueError(f"pickle protocol {version} is not known")

    def _do_frame(self, _: Any) -> None:
        """A frame is a hint for buffering: nothing to do."""

    def _do_stop(self, _: Any) -> None:
        self._top()
        self.stopped = True

    def _do_mark(self, _: Any) -> None:
        self.stack.append(_MARK)

    def _do_pop(self, _: Any) -> None:
        self.stack.pop()

    def _do_pop_mark(self, _: Any) -> None:
        self._pop_to_mark()

    def _do_dup(self, _: Any) -> None:
        self.stack.append(self._top())

    # -- the memo: a dictionary, so that a huge index costs nothing

    def _do_put(self, index: int) -> None:
        self.memo[index] = self._top()

    _do_binput = _do_long_binput = _do_put

    def _do_memoize(self, _: Any) -> None:
        self.memo[len(self.memo)] = self._top()

    def _do_get(self, index: int) -> None:
        self.stack.append(self.memo[index])

    _do_binget = _do_long_binget = _do_get

    # -- containers

    def _do_tuple(self, _: Any) -> None:
        self.stack.append(tuple(self._pop_to_mark()))

    def _do_empty_list(self, _: Any) -> None:
        self.stack.append([])

    def _do_list(self, _: Any) -> None:
        self.stack.append(self._pop_to_mark())

    def _do_append(self, _: Any) -> None:
        (value,) = self._pop(1)
        self._list().append(value)

    def _do_appends(self, _: Any) -> None:
        values = self._pop_to_mark()
        self._list().extend(values)

    def _do_empty_dict(self, _: Any) -> None:
        self.stack.append({})

    def _do_dict(self, _: Any) -> None:
        values = self._pop_to_mark()
        self.stack.append({})
        self._set_items(values)

    def _do_setitem(self, _: Any) -> None:
        self._set_items(self._pop(2))

    def _do_setitems(self, _: Any) -> None:
        self._set_items(self._pop_to_mark())

    def _list(self) -> list[Any]:
        if type(self.stack[-1]) is not list:
            raise TypeError("not a list")
        return self.stack[-1]

    def _set_items(self, values: list[Any]) -> None:
        table = self.stack[-1]
        if type(table) is not dict or len(values) % 2:
            raise TypeError("not a table")
        for key, value in zip(values[::2], values[1::2], strict=True):
            # Only plain keys: hashing a deeply shared tuple takes for ever.
            if type(key) not in (str, bytes, int):
                raise Refused("has a table with keys that are neither text nor numbers")
            table[key] = value

    # -- names, calls, state

    def _do_global(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self.stack.append(Name(module, name))

    def _do_stack_global(self, _: Any) -> None:
        module, name = self._pop(2)
        if type(module) is not str or type(name) is not str:
            raise TypeError("a name is text")
        self.stack.append(Name(module, name))

    def _do_reduce(self, _: Any) -> None:
        function, arguments = self._pop(2)
        if type(function) is not Name or type(arguments) is not tuple:
            raise TypeError("only a name can be called")
        self.stack.append(self._call(function, arguments))

    def _do_build(self, _: Any) -> None:
        (state,) = self._pop(1)
        self._set_state(self._top(), state)

    def _do_inst(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        raise Refused(f"asks to run {Name(module, name)}")
