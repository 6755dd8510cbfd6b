"""What a healthy artifact stores is explained; whatever is changed is not."""

from collections.abc import Callable, Iterable

import numpy as np
import pytest
from edgeworker.ledger.account import Account, Rewritten, account
from edgeworker.ledger.stored import Stored, described

from tests.converters.lib.ledger.programs import add_op, folded, small_program

HALVES = {"q": slice(0, 4), "k": slice(4, 8), "v": slice(8, 12)}


def healthy() -> dict[str, np.ndarray]:
    """As a converter would store the program: folded, one product cut in three and laid out otherwise, a number."""
    _, parameters = small_program()
    weight, bias = folded(parameters)
    cut = {name: np.ascontiguousarray(parameters["fc.w"][:, where].T) for name, where in HALVES.items()}
    return {"weight": weight, "bias": bias, **cut, "factor": np.array(0.125, np.float32)}


def explained(stored: dict[str, np.ndarray]) -> Account:
    program, parameters = small_program()
    return account((Stored(name, f"layer of {name}", values) for name, values in stored.items()), program, parameters)


@pytest.mark.parametrize("wide", [False, True])
def test_everything_is_explained_by_its_rule(wide: bool) -> None:
    program, parameters = small_program(wide=wide)
    found = account((Stored(name, name, values) for name, values in healthy().items()), program, parameters)
    assert (found.stored, found.unexplained, found.unused) == (6, [], [])
    assert found.explained == {
        "batch norm folded into": 1,
        "batch norm and bias of": 1,
        "a part of, transposed": 3,
        "a number of the operators": 1,
    }


@pytest.mark.parametrize(
    "laid_out",
    [lambda v: v, lambda v: v.ravel(), lambda v: v.transpose(0, 2, 3, 1).ravel(), lambda v: v.transpose(1, 2, 3, 0)],
)
def test_a_layout_is_no_change(laid_out: Callable) -> None:
    _, parameters = small_program()
    stored = dict(parameters)
    stored["conv.w"] = np.ascontiguousarray(laid_out(parameters["conv.w"]))
    assert explained(stored).unexplained == []
    assert sum(explained(stored).explained.values()) == len(parameters)


def test_fp16_is_a_rounding_and_no_more() -> None:
    stored = {name: value.astype(np.float16) for name, value in healthy().items()}
    found = explained(stored)
    assert found.unexplained == found.unused == []
    assert found.explained["batch norm folded into, rounded to FP16"] == 1
    stored["weight"] = stored["weight"] * np.float16(1.01)
    assert [one.name for one in explained(stored).unexplained] == ["weight"]


CHANGES: dict[str, Callable[[np.ndarray], None]] = {
    "x1.01": lambda rows: rows.__setitem__(1, rows[1] * np.float32(1.01)),
    "x1.0001": lambda rows: rows.__setitem__(1, rows[1] * np.float32(1.0001)),
    "one value": lambda rows: rows.reshape(-1).__setitem__(-1, rows.reshape(-1)[-1] + np.float32(1e-4)),
    "swapped": lambda rows: rows.__setitem__(slice(0, 2), rows[[1, 0]]),
    "zeros": lambda rows: rows.__setitem__(slice(None), 0),
    "negated": lambda rows: rows.__setitem__(slice(None), -rows),
    "NaN": lambda rows: rows.reshape(-1).__setitem__(0, np.nan),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", ["weight", "bias", "q", "k", "v"])
def test_no_change_goes_through(name: str, change: str) -> None:
    stored = healthy()
    stored[name] = stored[name].copy()
    CHANGES[change](stored[name])
    found = explained(stored)
    assert found.unexplained or found.unused
    if change != "zeros":  # short rows of zeros are numbers; what they replaced is then missing
        assert [one.name for one in found.unexplained] == [name]
        assert found.unexplained[0].layer == f"layer of {name}"


def test_a_number_that_the_program_does_not_say_is_found() -> None:
    stored = healthy()
    stored["factor"] = np.array(0.125 * 1.01, np.float32)
    assert [one.name for one in explained(stored).unexplained] == ["factor"]


def test_what_is_left_out_is_named() -> None:
    for name, missing in (("v", ["fc.w"]), ("bias", ["bn.bias", "bn.mean", "conv.b"])):
        stored = healthy()
        del stored[name]
        assert explained(stored).unused == missing


def test_the_parameter_that_a_damaged_tensor_resembles_is_named() -> None:
    _, parameters = small_program()
    stored = dict(parameters)
    stored["conv.w"] = parameters["conv.w"].copy()
    stored["conv.w"][2, 0, 0, :2] += 1
    (odd,) = explained(stored).unexplained
    assert (odd.nearest, odd.differing, odd.shape) == ("conv.w", 2, [6, 3, 3, 3])


def test_a_fold_without_a_bias_of_its_own() -> None:
    program, parameters = small_program(bias=False)
    weight, bias = folded(parameters)
    stored = [Stored("w", "c", weight), Stored("b", "c", bias), Stored("f", "m", parameters["fc.w"])]
    found = account(stored, program, parameters)
    assert found.explained == {"batch norm folded into": 1, "batch norm's shift": 1, "the same as": 1}
    assert found.unused == []


def test_a_lost_long_bias_is_no_constant() -> None:
    """Zeros in the place of many values are explained by nothing, even where 0 is a number of the operators."""
    random = np.random.default_rng(1)
    program, _ = small_program()
    parameters = {"bias": random.normal(0, 1, 64).astype(np.float32)}
    found = account([Stored("bias", "g", np.zeros(64, np.float32))], program, parameters)
    assert [one.name for one in found.unexplained] == ["bias"]


def test_integers_that_are_shapes_do_not_count() -> None:
    _, parameters = small_program()
    stored = {**parameters, "shape": np.array([1, -1], np.int64)}
    assert explained(stored).stored == len(parameters)


def same_values_in_two_parameters() -> Iterable[tuple[str, np.ndarray]]:
    ones = np.ones(32, np.float32)
    return (("gamma", ones), ("variance", ones.copy()))


def test_parameters_of_the_same_values_are_used_together() -> None:
    program, _ = small_program()
    parameters = dict(same_values_in_two_parameters())
    found = account([Stored("g", "n", parameters["gamma"])], program, parameters)
    assert found.unused == []


def test_a_scale_of_zeros_leaves_nothing_of_what_it_scales() -> None:
    """As where training starts: the shift is zeros, as is another parameter, and says as much of the mean."""
    program, parameters = small_program()
    parameters |= {"bn.scale": np.zeros(6, np.float32), "bn.bias": np.zeros(6, np.float32)}
    weight, bias = folded(parameters)
    assert not weight.any()
    stored = [Stored("w", "c", weight), Stored("b", "c", bias), Stored("f", "m", parameters["fc.w"])]
    found = account(stored, program, parameters)
    assert (found.unexplained, found.unused) == ([], [])


def test_zeros_and_ones_of_a_rewrite_are_explained_and_nothing_else_that_it_stores() -> None:
    program, parameters = small_program()
    kernels = np.tile(np.eye(9, dtype=np.float32), (6, 1)).reshape(54, 1, 3, 3)
    stored = healthy() | {"kernels": kernels, "made up": kernels[:12] * np.float32(0.5)}
    invented = {"kernels": kernels, "made up": stored["made up"]}
    after = Rewritten(program, parameters | invented)
    found = account((Stored(name, name, values) for name, values in stored.items()), program, parameters, (), after)
    assert [one.name for one in found.unexplained] == ["made up"]
    assert found.explained["zeros and ones of a rewrite"] == 1
    without = account((Stored(name, name, values) for name, values in stored.items()), program, parameters)
    assert [one.name for one in without.unexplained] == ["kernels", "made up"]


def test_what_changes_nothing_may_be_left_out() -> None:
    program, parameters = small_program()
    parameters |= {"ones": np.ones(7, np.float32), "zeros": np.zeros(7, np.float32), "twos": np.full(7, 2, np.float32)}
    found = account((Stored(name, name, values) for name, values in healthy().items()), program, parameters)
    assert found.unused == ["twos"]


def test_a_batch_norm_that_changes_nothing_is_accounted_for() -> None:
    """Weights that were folded before: the factor is 1 to a rounding, and the fold is the weight itself."""
    program, parameters = small_program(bias=False)
    parameters["bn.scale"][:] = np.sqrt(np.float32(1 + 1e-5))
    parameters["bn.variance"][:], parameters["bn.mean"][:] = 1, 0
    stored = [("w", parameters["conv.w"]), ("b", parameters["bn.bias"]), ("f", parameters["fc.w"])]
    found = account((Stored(name, "c", values) for name, values in stored), program, parameters)
    assert (found.unexplained, found.unused) == ([], [])


def test_a_parameter_of_one_value_may_stand_in_a_layers_description() -> None:
    """ncnn writes a lone factor where the layer is described; there a change of it is found as in any tensor."""
    program, parameters = small_program()
    parameters["factor"] = np.array([-0.0380920395], np.float32)
    stored = [Stored(name, name, values) for name, values in healthy().items()]
    epsilon = described("norm", "eps", [1e-5], "batch norm")
    right = described("mul", "b", [-3.80920395e-2], "BinaryOp mul")
    found = account([*stored, epsilon, right], program, parameters)
    assert (found.unexplained, found.unused, found.stored) == ([], [], len(stored) + 1)
    wrong = described("mul", "b", [-3.80920395e-2 * 1.01], "BinaryOp mul")
    found = account([*stored, epsilon, wrong], program, parameters)
    assert [(one.name, one.layer) for one in found.unexplained] == [("mul.b", "BinaryOp mul")]
    assert found.unused == ["factor"]
    lost = account([*stored, epsilon], program, parameters)
    assert (lost.unexplained, lost.unused) == ([], ["factor"])


def test_an_operators_own_number_that_was_changed_is_found() -> None:
    """No parameter, but what computes with it computes otherwise."""
    program, parameters = small_program()
    stored = [Stored(name, name, values) for name, values in healthy().items()]
    found = account([*stored, described("norm", "eps", [1e-4], "batch norm")], program, parameters)
    assert [one.name for one in found.unexplained] == ["norm.eps"]
    assert (found.unexplained_count, found.described_count) == (1, 1)
    assert found.stored == len(stored) + 1


def test_a_number_of_a_description_was_not_cut_out_of_a_parameter() -> None:
    """In a large one any number is found: a coefficient of -0.75 passed for a channel of one batch norm or failed."""
    program, parameters = small_program()
    channel = float(parameters["bn.bias"][1])
    stored = [Stored(name, name, values) for name, values in healthy().items()]
    found = account([*stored, described("resize", "cube_coeff", [channel], "Interpolate resize")], program, parameters)
    assert [one.name for one in found.unexplained] == ["resize.cube_coeff"]


def test_numbers_of_descriptions_that_make_up_a_parameter_were_cut_out_of_it() -> None:
    """Two classes that are split and joined again: the bias of each stands where its sum is described."""
    program, parameters = small_program()
    parameters["head.b"] = np.array([0.0730855912, -0.16263853], np.float32)
    stored = [Stored(name, name, values) for name, values in healthy().items()]
    numbers = [described(f"add{at}", "b", [float(one)], "BinaryOp add") for at, one in enumerate(parameters["head.b"])]
    found = account([*stored, *numbers], program, parameters)
    assert (found.unexplained, found.unused) == ([], [])
    assert found.explained["a part of"] == 2
    changed = described("add1", "b", [-0.1627], "BinaryOp add")
    for wrong, odd in (([numbers[0]], {"add0.b"}), ([numbers[0], changed], {"add0.b", "add1.b"})):
        found = account([*stored, *wrong], program, parameters)
        assert {one.name for one in found.unexplained} == odd
        assert (found.unused, found.described_count) == (["head.b"], len(odd))


@pytest.mark.parametrize("number", [np.inf, -3.4028234663852886e38])
def test_the_padding_of_a_largest_value_is_no_parameter(number: float) -> None:
    program, parameters = small_program()
    stored = [Stored(name, name, values) for name, values in healthy().items()]
    found = account([*stored, described("pad", "value", [-abs(number)], "Padding pad")], program, parameters)
    assert (found.unexplained, found.stored) == ([], len(stored))


def test_an_order_of_channels_may_become_layers_but_may_not_be_changed() -> None:
    """ncnn's slices and shuffles store none; where one is stored, it must be the program's."""
    program, parameters = small_program()
    order = np.array([1, 2, 3, 0, 5, 6, 7, 4])
    parameters["order"] = order
    stored = [Stored(name, name, values) for name, values in healthy().items()]
    assert account(stored, program, parameters).unused == []
    same = account([*stored, Stored("o", "Gather o", order)], program, parameters)
    assert (same.stored, same.unexplained, same.unused) == (len(stored) + 1, [], [])
    swapped = order[[1, 0, *range(2, 8)]]
    found = account([*stored, Stored("o", "Gather o", swapped)], program, parameters)
    assert [(one.name, one.nearest, one.differing) for one in found.unexplained] == [("o", "order", 2)]
    assert (found.stored, found.unused) == (len(stored) + 1, ["order"])
    shape = account([*stored, Stored("s", "Reshape s", np.full(8, 9))], program, parameters)
    assert (shape.stored, shape.unexplained) == (len(stored), [])


def test_a_hard_sigmoid_of_another_slope_is_a_factor_before_one_of_a_sixth() -> None:
    """pnnx: 0.2 becomes 1.19999993 times what goes in."""
    program, parameters = small_program()
    add_op(program.blocks[0], "hard_sigmoid", {"X": ["y"]}, "z", slope=0.2, offset=0.5)
    stored = [Stored(name, name, values) for name, values in healthy().items()]
    for factor, odd in ((1.19999993, []), (1.2 * 1.01, ["mul.b"])):
        found = account([*stored, described("mul", "b", [factor], "BinaryOp mul")], program, parameters)
        assert [one.name for one in found.unexplained] == odd
