"""Every operator of PIR that has a like in Paddle 2's programs."""

from old_arithmetic import ARITHMETIC
from old_layers import LAYERS
from old_operators import Translation
from old_shapes import SHAPES

TRANSLATIONS: dict[str, Translation] = {**ARITHMETIC, **LAYERS, **SHAPES}
