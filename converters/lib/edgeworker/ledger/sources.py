"""What a stored tensor may be: a parameter of the program, or what follows from some of them."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

UNIT = 2.0**-24
"""FP32's unit roundoff."""
ROUNDINGS = 8
"""More than any order of computing a fold makes: sum, root, quotient, two products, difference, sum (N. Higham,
*Accuracy and Stability of Numerical Algorithms*, 2nd ed., §3.1)."""
GAMMA = ROUNDINGS * UNIT / (1 - ROUNDINGS * UNIT)
"""gamma_n: the relative error of a product of n + 1 factors, each rounded."""
TINY = 2.0**-126
"""FP32's smallest normal number: below it a relative error means nothing."""


class Source(Protocol):
    """Values that the program has or implies: `how` they come about, of which parameters (`names`), in which shape."""

    @property
    def how(self) -> str: ...  # noqa: D102

    @property
    def names(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def shape(self) -> tuple[int, ...]: ...  # noqa: D102

    @property
    def exact(self) -> bool:
        """Whether what is stored must have the same bits."""
        ...

    def values(self) -> np.ndarray:
        """The values: the parameter's own where `exact`, else float64."""
        ...

    def bound(self) -> np.ndarray:
        """By how much each value, as FP32 arithmetic gives it, may be off; of `shape`."""
        ...

    def probe(self, place: tuple[int, ...]) -> tuple[np.ndarray, float]:
        """One value, without computing the others, and its bound."""
        ...


@dataclass(frozen=True)
class Copied:
    """The values of one or more parameters, bit for bit, in one tensor: kernels of convolutions side by side."""

    how: str
    names: tuple[str, ...]
    array: np.ndarray
    exact: bool = True

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the tensor."""
        return self.array.shape

    def values(self) -> np.ndarray:
        """The tensor; of a parameter a view of the program's file."""
        return self.array

    def bound(self) -> np.ndarray:
        """None is allowed."""
        return np.zeros(self.shape)

    def probe(self, place: tuple[int, ...]) -> tuple[np.ndarray, float]:
        """As it is."""
        return self.array[place], 0.0


class Parameter(Copied):
    """One parameter of the program as it is, of which parts may be stored too."""

    @classmethod
    def of(cls, name: str, array: np.ndarray, how: str = "the same as") -> "Parameter":
        """That of a name."""
        return cls(how, (name,), array)


@dataclass(frozen=True)
class Scaled:
    """A parameter whose channels along `axis` are multiplied: what a weight becomes when a batch norm goes into it."""

    how: str
    names: tuple[str, ...]
    array: np.ndarray
    factor: np.ndarray
    axis: int
    exact: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """The weight's own."""
        return self.array.shape

    def values(self) -> np.ndarray:
        """`array * factor` in float64."""
        shape = [1] * self.array.ndim
        shape[self.axis] = len(self.factor)
        return self.array.astype(np.float64) * self.factor.reshape(shape)

    def bound(self) -> np.ndarray:
        """gamma_n of each value."""
        return np.abs(self.values()) * GAMMA + TINY

    def probe(self, place: tuple[int, ...]) -> tuple[np.ndarray, float]:
        """`array * factor` at one place."""
        value = np.float64(self.array[place]) * self.factor[place[self.axis]]
        return np.asarray(value), float(abs(value) * GAMMA + TINY)


@dataclass(frozen=True)
class Vector:
    """Values computed in float64, each with its bound: a folded bias, a batch norm's factor, a table of biases."""

    how: str
    names: tuple[str, ...]
    computed: np.ndarray
    error: np.ndarray
    exact: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Their own."""
        return self.computed.shape

    def values(self) -> np.ndarray:
        """Float64."""
        return self.computed

    def bound(self) -> np.ndarray:
        """gamma_n of the largest term."""
        return self.error + TINY

    def probe(self, place: tuple[int, ...]) -> tuple[np.ndarray, float]:
        """As computed."""
        return self.computed[place], float(self.error[place] + TINY)
