"""Paddle 3 programs from elsewhere: what they become, and what is refused with its name."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgekit.errors import ConversionError, UsageError
from tests.converters.loading import load

pytestmark = pytest.mark.toolchain

CLASSES = 7


def operators(program: Path):
    return list(load("paddle3", "pir_program").read_program(program / "inference.json").ops)


def test_what_shapes_decide_is_written_into_the_program(windowed):
    details, program = windowed
    assert details == {
        "inputs": [{"name": "x", "shape": [1, 3, 64, 64], "dtype": "float32"}],
        "outputs": [
            {"name": "fetch_name_0", "shape": [1, CLASSES], "dtype": "float32", "kind": "logits", "known_from": ""},
            {
                "name": "fetch_name_1",
                "shape": [1, CLASSES],
                "dtype": "float32",
                "kind": "probabilities",
                "known_from": "the program ends in a softmax",
            },
        ],
        "parameters": 3 * 8 * 16 + 8 + 8 * CLASSES + CLASSES,
        "class_count": CLASSES,
        "size_was_open": True,
    }
    assert sorted(path.name for path in program.iterdir()) == ["inference.json", "inference.pdiparams"]
    ops = operators(program)
    assert not {"shape64", "slice", "floor_divide", "stack"} & {op.name for op in ops}
    shapes = [value.shape for op in ops for value in op.results if value.tensor is not None]
    assert (1, 8, 8, 2, 8, 2) in shapes
    assert not [shape for shape in shapes if -1 in shape]


def test_what_the_outputs_mean_is_seen(adopt):
    details, _ = adopt("endings")
    assert [(one["shape"], one["kind"]) for one in details["outputs"]] == [
        ([1, 1], "sigmoid"),
        ([1, 8], "features"),
        ([1, 8], "features"),
        ([1, 8, 1, 1], "probabilities"),
        ([1, CLASSES], "logits"),
    ]


def test_any_batch_leaves_only_the_batch_open(adopt, windowed, run_program, noise):
    details, program = adopt("windowed", batch="dynamic")
    assert details["inputs"][0]["shape"] == [-1, 3, 64, 64]
    assert [port["shape"] for port in details["outputs"]] == [[-1, CLASSES]] * 2
    open_extents = {
        value.shape.index(-1) for op in operators(program) for value in op.results if value.tensor and -1 in value.shape
    }
    assert open_extents == {0}
    images = noise(5, 64)
    one_by_one, _ = run_program(windowed[1], images)
    together, exact = run_program(program, images, [2, 3])
    assert sorted(exact) == ["fetch_name_0", "fetch_name_1"]
    for name, value in together.items():
        np.testing.assert_allclose(value, one_by_one[name], rtol=0, atol=1e-6)
        np.testing.assert_allclose(value, exact[name], rtol=0, atol=1e-6)


def test_a_fixed_size_is_kept_and_files_get_their_usual_names(adopt):
    details, program = adopt("logits", stem="mynet", batch=2)
    assert details["inputs"][0]["shape"] == [2, 3, 32, 32]
    assert details["outputs"][0]["kind"] == "logits"
    # Without the batch norm's mean and variance.
    assert details["parameters"] == 8 * 3 * 9 + 8 + 2 * 8 + 8 * CLASSES + CLASSES
    assert not details["size_was_open"]
    assert sorted(path.name for path in program.iterdir()) == ["inference.json", "inference.pdiparams"]


def test_a_size_that_the_network_cannot_take(adopt):
    with pytest.raises(UsageError, match=r"x is \[any, 3, any, any\], does not take \[1, 3, 36, 36\]: .*ReshapeOp"):
        adopt("windowed", size=36)


def test_an_operator_without_translation_is_named_with_its_place(adopt):
    with pytest.raises(ConversionError, match=r"neither paddle2onnx nor .*, have the operators lgamma \(1x, first: "):
        adopt("unusual")


@pytest.mark.parametrize(
    ("damage", "error", "message"),
    [
        (lambda folder: put_nan(folder / "inference.pdiparams"), UsageError, "holds NaN or infinite values"),
        (
            lambda folder: change(folder, "1.softmax", lambda op: op.update({"#": "1.save_combine"})),
            ConversionError,
            r"have the operators save_combine \(1x, first: save_combine \(op \d+\)\)",
        ),
        (
            lambda folder: change(folder, "1.batch_norm_", train),
            UsageError,
            r"was exported for training: batch_norm_ \(op \d+, in /BatchNorm2D",
        ),
        (
            lambda folder: change(folder, "p", lambda op: op["O"]["TT"]["D"].__setitem__(1, [5])),
            UsageError,
            r"is float32 \[5\] in the program and float32 \[\d",
        ),
    ],
)
def test_damaged_and_dangerous_files(adopt, exported, tmp_path, damage, error, message):
    folder = tmp_path / "model"
    shutil.copytree(exported / "plain", folder)
    damage(folder)
    with pytest.raises(error, match=message):
        adopt(folder)


def put_nan(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-4:] = np.float32("nan").tobytes()
    path.write_bytes(content)


def change(folder: Path, kind: str, edit: Callable[[dict], None]) -> None:
    """Edit every operator of a kind."""
    document = json.loads((folder / "inference.json").read_text())
    for op in document["program"]["regions"][0]["blocks"][0]["ops"]:
        if op["#"] == kind:
            edit(op)
    (folder / "inference.json").write_text(json.dumps(document))


def train(op: dict) -> None:
    """What a batch norm is while it learns: it normalises by the batch that it sees."""
    for attribute in op["A"]:
        if attribute["N"] in ("is_test", "use_global_stats"):
            attribute["AT"]["D"] = False
