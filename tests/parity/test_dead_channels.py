"""Dead channels are those that are dead in all that was measured, each counted where it dies."""

import pytest

from edgekit.parity.dead_channels import dead_channels, dead_words
from edgekit.parity.ranges import Ranges, TensorRange


def tensor(
    name: str,
    constant: dict[int, float],
    *,
    kind: str = "relu",
    folded: bool = False,
    channels: int = 8,
    maximum: float = 4.0,
) -> TensorRange:
    return TensorRange(name, kind, folded, -1.0, maximum, channels, None, tuple(constant.items()))


def ranges(*tensors: TensorRange) -> Ranges:
    return Ranges(10, tensors)


def test_a_channel_that_lives_on_other_photos_is_not_dead() -> None:
    golden, calibration = ranges(tensor("a", {1: 0.0, 2: 0.0, 5: 3.0})), ranges(tensor("a", {2: 0.0, 5: 3.0, 6: 1.0}))
    assert [one.channels for one in dead_channels([golden])] == [(1, 2, 5)]
    assert [one.channels for one in dead_channels([golden, calibration])] == [(2, 5)]


def test_a_channel_with_another_value_on_other_photos_is_not_dead() -> None:
    step = 2.0**-23 * 4
    golden = ranges(tensor("a", {1: 1.0, 2: 1.0}))
    other = ranges(tensor("a", {1: 1.0 + step, 2: 1.0 + 2 * step}))
    assert [one.channels for one in dead_channels([golden, other])] == [(1,)]


def test_measurements_of_other_programs_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        dead_channels([ranges(tensor("a", {}), tensor("b", {})), ranges(tensor("a", {}))])


def test_a_channel_is_counted_where_it_dies() -> None:
    found = dead_channels(
        [
            ranges(
                tensor("x", {0: 0.0}, kind="input"),
                tensor("conv", {3: 0.0, 4: 0.0}, kind="conv2d", folded=True),
                tensor("norm", {3: -0.5}, kind="batch_norm"),
                tensor("relu", {3: 0.0, 6: 0.0}),
                tensor("pool", {3: 0.0, 6: 0.0}, kind="pool2d"),
                tensor("half", {3: 0.0, 2: 0.0}, kind="split", channels=4),
                tensor("next", {3: 0.0}),
                tensor("wide", {3: 0.0}, channels=16),
            )
        ]
    )
    assert {one.layer.name: one.fresh for one in found} == {
        "x": (), "conv": (), "norm": (3,), "relu": (6,), "pool": (), "half": (), "next": (), "wide": (3,),
    }  # fmt: skip
    assert found[3].channels == (3, 6)


def test_one_sentence_names_the_layers_with_most() -> None:
    one, two, three = tensor("a", {1: 0.0}), tensor("b", {2: 0.0, 3: 0.0, 4: 0.0}), tensor("c", {5: 0.0, 6: 0.0})
    assert dead_words(dead_channels([ranges(tensor("a", {}))])) == ""
    assert dead_words(dead_channels([ranges(one)])) == (
        "1 channel of the network never changes (1 of 8 in a (relu)), which is no fault of the conversion"
    )
    assert dead_words(dead_channels([ranges(one, two, three)])) == (
        "6 channels of the network never change (3 of 8 in b (relu), 2 of 8 in c (relu) and others in 1 more of its "
        "layers), which is no fault of the conversion"
    )
