"""Along which axis the scales of integers lie, as the operator that reads them says where shapes cannot."""

from types import SimpleNamespace

import numpy as np
import pytest

from tests.converters.loading import load


@pytest.mark.parametrize(
    ("kind", "shape", "axis"),
    [("conv2d", (4, 4, 1, 1), 0), ("mul", (4, 4), 1), ("mul", (4, 7), 0), ("lookup_table", (4, 4), 1)],
)
def test_of_a_square_weight_the_operator_decides(kind: str, shape: tuple[int, ...], axis: int) -> None:
    model = SimpleNamespace(
        operators=[SimpleNamespace(type=kind, attributes={"w_quant_scale": [0.1, 0.2, 0.3, 0.4]})],
        parameters={"w": SimpleNamespace(values=np.ones(shape, np.int8))},
    )
    assert load("lite", "integers").quantised_in(model)["w"].axis == axis
