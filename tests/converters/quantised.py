"""Numbers for tests of quantised artifacts: the small program's parameters in 8 bits, and what may happen to them."""

from dataclasses import dataclass, field

import numpy as np

from tests.converters.lib.ledger.programs import folded, small_program

INPUT_SCALE, INPUT_ZERO = np.float32(0.021), np.uint8(117)


def in_8_bits(weight: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """A weight as int8, symmetric for each channel along `axis`, and the scales, float32 [channels]."""
    others = tuple(one for one in range(weight.ndim) if one != axis)
    scale = (np.abs(weight).max(axis=others) / np.float32(127)).astype(np.float32)
    shape = [1] * weight.ndim
    shape[axis] = -1
    return np.rint(weight / scale.reshape(shape)).astype(np.int8), scale


@dataclass
class Numbers:
    """What a quantised file of the small program stores; damage changes these, and the record does not change."""

    values: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def healthy(cls) -> "Numbers":
        """A convolution with its bias in 32 bits and a product, and the scales and zero points of two activations."""
        _, parameters = small_program()
        weight, bias = folded(parameters)
        integers, scale = in_8_bits(weight, 0)
        product, product_scale = in_8_bits(parameters["fc.w"], 1)
        steps = INPUT_SCALE * scale
        return cls(
            {
                "w": integers,
                "w_scale": scale,
                "w_zero": np.zeros(len(scale), np.int8),
                "b": np.rint(bias / steps).astype(np.int32),
                "b_scale": steps.astype(np.float32),
                "b_zero": np.zeros(len(scale), np.int32),
                "x_scale": np.array(INPUT_SCALE),
                "x_zero": np.array(INPUT_ZERO),
                "y_scale": np.array(np.float32(0.034)),
                "y_zero": np.array(np.uint8(3)),
                "p": product,
                "p_scale": product_scale,
                "p_zero": np.zeros(product.shape[1], np.int8),
            }
        )

    @classmethod
    def with_number(cls, kind: type[np.integer]) -> "Numbers":
        """The same with the program's factor of 0.125, `k`, by the largest integer of a kind."""
        found, largest = cls.healthy(), np.iinfo(kind).max
        number = {"k": kind(largest), "k_scale": np.float32(0.125 / largest), "k_zero": kind(0)}
        found.values |= {name: np.array(value) for name, value in number.items()}
        return found

    @classmethod
    def smoothed(cls) -> "Numbers":
        """The same with a product whose weights were divided by `s_scale`, float32 [input channels]."""
        found = cls.healthy()
        weight = small_program()[1]["fc.w"]
        factor = np.random.default_rng(5).uniform(0.2, 1.5, len(weight)).astype(np.float32)
        integers, scale = in_8_bits((weight / factor[:, None]).astype(np.float32), 1)
        found.values |= {"p": integers, "p_scale": scale, "s_scale": factor}
        return found

    def damaged(self, seed: int) -> str:
        """Change something at random; returns what. A scale is corrupted, two swapped, or a zero point moved."""
        random = np.random.default_rng(seed)
        scales = sorted(name for name in self.values if name.endswith("_scale"))
        kind = ("scale", "swap", "zero")[seed % 3]
        if kind == "swap":
            name = str(random.choice([one for one in scales if self.values[one].size > 1]))
            first, second = random.choice(self.values[name].size, 2, replace=False)
            changed = self.values[name].copy()
            changed[[first, second]] = changed[[second, first]]
        elif kind == "zero":
            name = str(random.choice(sorted(one for one in self.values if one.endswith("_zero"))))
            changed = self.values[name].copy()
            changed.flat[random.integers(changed.size)] += 1
        else:
            name = str(random.choice(scales))
            changed = self.values[name].copy()
            changed.flat[random.integers(changed.size)] *= random.choice([1.001, 1.01, 1.5, -1, 0, np.nan])
        self.values[name] = changed
        return f"{kind} of {name}"
