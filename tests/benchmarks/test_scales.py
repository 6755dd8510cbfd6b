"""The damages of the benchmark of the ledger: what is counted is what was done."""

import numpy as np
import pytest

from benchmarks.scales import changed


@pytest.mark.parametrize(
    ("values", "kind", "done"),
    [([1.0, 2.0], "swap", "swap"), ([2.0, 2.0], "swap", "scale"), ([3], "zero point", "zero point")],
)
def test_a_damage_counts_as_the_kind_that_was_done(values: list, kind: str, done: str) -> None:
    before = np.array(values, np.float32 if isinstance(values[0], float) else np.int8)
    after = before.copy()
    found, said = changed(after, kind, np.random.default_rng(0))
    assert found == done and not np.array_equal(after, before)
    assert ("times" in said) == (done == "scale")
