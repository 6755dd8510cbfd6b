"""Recognises in a pickle the few things that numpy and Paddle write, and makes checked arrays of them."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from edgekit.weights.budget import Budget
from edgekit.weights.pickle_machine import Name, Refused

if TYPE_CHECKING:
    import numpy as np

_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")  # numpy 1 and numpy 2
_NUMERIC = ("numpy.core.numeric", "numpy._core.numeric")
_BUILTINS = ("builtins", "__builtin__")

# Booleans, integers and real numbers of fixed size: what a tensor can hold.
_CODES = {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"}
_RANK_LIMIT = 32


class DataType:
    """A numpy dtype as the file describes it: a code such as "f4" and a byte order."""

    def __init__(self, code: Any) -> None:
        text = code.decode("latin-1") if type(code) is bytes else code
        if type(text) is not str:
            raise TypeError("a dtype's code is text")
        if text[:1] in ("O", "|O"):
            raise Refused("holds Python objects (dtype object), not numbers")
        if text not in _CODES:
            raise Refused(f'holds a tensor of type "{text[:20]}", which is no plain number type')
        self.code = text
        self.order = "="

    def set_state(self, state: Any) -> None:
        """State as numpy writes it: (version, byte order, sub-dtype, names, fields, and sizes not needed)."""
        order = state[1].decode("latin-1") if type(state[1]) is bytes else state[1]
        if order not in ("<", ">", "|", "="):
            raise ValueError("unknown byte order")
        if any(part is not None for part in state[2:5]):
            raise Refused("holds structured records, not tensors")
        self.order = order

    @property
    def item_size(self) -> int:
        """Bytes per number."""
        return int(self.code[1:])

    def to_numpy(self) -> np.dtype[Any]:
        """Return the numpy dtype."""
        import numpy as np

        return np.dtype(f"{self.order}{self.code}")


class Tensor:
    """A numpy array, its bytes checked against its shape and type; None until its state is set."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.array: np.ndarray[Any, Any] | None = None

    def set_state(self, state: Any) -> None:
        """State as numpy writes it: ([version,] shape, dtype, Fortran order, bytes)."""
        shape, data_type, fortran, data = state[-4:]
        if type(data) is list:
            raise Refused("holds Python objects (dtype object), not numbers")
        self.fill(data, data_type, shape, "F" if fortran else "C")

    def fill(self, data: Any, data_type: Any, shape: Any, order: str) -> None:
        """Check that `shape` x `data_type` is exactly the length of `data`, and hold the array."""
        # Whether this copies the bytes or shares them: they are copied at the latest when they are written.
        self._budget.take(len(data) if type(data) in (bytes, bytearray, str) else 0)
        if type(data) is str:  # Python 2 wrote bytes so
            data = data.encode("latin-1")
        if type(data) not in (bytes, bytearray) or type(data_type) is not DataType or type(shape) is not tuple:
            raise TypeError("not an array's state")
        if len(shape) > _RANK_LIMIT or any(type(size) is not int or not 0 <= size < 2**63 for size in shape):
            raise Refused(f"holds a tensor of impossible shape ({len(shape)} dimensions)")
        claimed = prod(shape) * data_type.item_size
        if claimed != len(data):
            raise Refused(
                f"holds a tensor that claims shape {_shown(shape)} of {data_type.code}, "
                f"{_shown(claimed)} bytes, and has {len(data)}"
            )
        import numpy as np

        # A dimension may be huge beside a zero: numpy would overflow where Python's integers do not.
        if not claimed:
            if any(size > 2**31 for size in shape):
                raise Refused(f"holds a tensor of impossible shape {_shown(shape)}")
            self.array = np.zeros(shape, data_type.to_numpy().newbyteorder("="))
            return
        array = np.frombuffer(data, data_type.to_numpy()).reshape(shape, order="F" if order == "F" else "C")
        self.array = array.astype(array.dtype.newbyteorder("="), copy=False)


class Arrays:
    """What a pickle may call and set the state of; what it makes is counted on `budget`."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def call(self, name: Name, arguments: tuple[Any, ...]) -> Any:
        """Return what `name(*arguments)` stands for, without calling it.

        Raises Refused for a name that numpy and Paddle do not write.
        """
        module, function = name
        if module in _MULTIARRAY and function == "_reconstruct":
            if arguments[0] != Name("numpy", "ndarray"):
                # Only a name is put into words: the text of a deeply shared list would take for ever.
                other = arguments[0] if type(arguments[0]) is Name else "an object that is no array"
                raise Refused(f"asks to build {other!s:.60}")
            return Tensor(self._budget)
        if module in _MULTIARRAY and function == "scalar":
            data_type, data = arguments
            return self._filled(data, data_type, (), "C")
        if module in _NUMERIC and function == "_frombuffer":
            data, data_type, shape, order = arguments
            return self._filled(data, data_type, shape, order)
        if name == ("numpy", "dtype"):
            return DataType(arguments[0])
        if name == ("_codecs", "encode"):
            text, encoding = arguments
            if type(text) is not str or encoding not in ("latin1", "latin-1"):
                raise Refused("asks for an encoding other than that of bytes")
            self._budget.take(len(text))
            return text.encode("latin-1")
        if name == ("collections", "OrderedDict") and not arguments:
            return {}  # its items are set one by one afterwards
        if module in _BUILTINS and function == "tuple":
            (items,) = arguments
            if type(items) is not tuple:
                raise TypeError("not a tuple")
            return items  # no copy: copies of one large thing, asked for again and again, would take for ever
        if module in _BUILTINS and function == "bytes" and not arguments:
            return b""
        raise Refused(f"asks to run {name!s:.80}")

    def set_state(self, value: Any, state: Any) -> None:
        """Give a dtype or an array its state. Raises Refused for anything else."""
        if type(value) not in (DataType, Tensor):
            raise Refused("asks to change an object that is no tensor")
        if type(state) is not tuple or len(state) < 4:
            raise TypeError("not a state that numpy writes")
        value.set_state(state)

    def _filled(self, data: Any, data_type: Any, shape: Any, order: Any) -> Tensor:
        tensor = Tensor(self._budget)
        tensor.fill(data, data_type, shape, order)
        return tensor


def _shown(value: Any) -> str:
    """Return a number or shape as text, short however large the number is."""
    if type(value) is tuple:
        return "(" + ", ".join(_shown(size) for size in value[:8]) + (", ...)" if len(value) > 8 else ")")
    return str(value) if value.bit_length() < 100 else f"about 2^{value.bit_length()}"
