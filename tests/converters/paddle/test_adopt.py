"""Programs from elsewhere: what they become, and what is refused with its name."""

import shutil
import struct
from typing import Any

import numpy as np
import pytest
from edgeworker import paddle_program
from safetensors.numpy import load_file, save_file

from edgekit.errors import ConversionError, UsageError

pytestmark = pytest.mark.toolchain

CLASSES = 7


@pytest.fixture
def adopt(run_worker, foreign_models):
    """Adopts one of the foreign models, or a folder; returns details and the output folder."""

    def adopted(model, *, stem="inference", size=None, batch=1, usual=224):
        folder = foreign_models / model if isinstance(model, str) else model
        old = (folder / "__model__").exists()
        graph = folder / ("__model__" if old else f"{stem}.pdmodel")
        inputs = {"graph": graph, "parameters": folder if old else folder / f"{stem}.pdiparams"}
        return run_worker("paddle/adopt.py", inputs, {"input_size": size, "usual_size": usual, "batch": batch})

    return adopted


@pytest.fixture
def reference(run_worker, tmp_path):
    """What a program computes, FP32 and float64, on three pictures of `size` px."""

    def run(program, size, batch=1):
        pictures = np.random.default_rng(3).standard_normal((3, 3, size, size)).astype(np.float32)
        save_file({"x": pictures}, tmp_path / "x.safetensors")
        inputs = {"program": program, "tensors": tmp_path / "x.safetensors"}
        _, output = run_worker("paddle/run.py", inputs, {"batch": batch, "threads": 1})
        (fp32,) = load_file(output / "reference.safetensors").values()
        (exact,) = load_file(output / "oracle.safetensors").values()
        return fp32, exact

    return run


def test_open_shapes_are_fixed_everywhere(adopt):
    details, program = adopt("open", size=96, batch=2)
    assert details["inputs"] == [{"name": "x", "shape": [2, 3, 96, 96], "dtype": "float32"}]
    assert [port["shape"] for port in details["outputs"]] == [[2, CLASSES]]
    assert details["outputs"][0]["kind"] == "probabilities"
    assert details["class_count"] == CLASSES
    assert details["size_was_open"]
    graph = paddle_program.read_program(program / "inference.pdmodel")
    shapes = {
        variable.name: list(variable.type.lod_tensor.tensor.dims)
        for variable in graph.blocks[0].vars
        if not variable.persistable and variable.type.type == paddle_program.LOD_TENSOR
    }
    # Of flatten's XShape only the variable is left in Paddle 2.6: no operator names it.
    used = {name for op in paddle_program.ops(graph) for slot in op.desc.inputs for name in slot.arguments}
    assert [2, 16, 48, 48] in shapes.values()
    assert not [name for name, shape in shapes.items() if -1 in shape and name in used]


def test_an_open_size_is_the_usual_one(adopt):
    assert adopt("open", usual=64)[0]["inputs"][0]["shape"] == [1, 3, 64, 64]


def test_a_fixed_size_is_kept(adopt):
    details, _ = adopt("logits", stem="mynet")
    assert details["inputs"][0]["shape"] == [1, 3, 64, 64]
    assert details["outputs"][0]["kind"] == "logits"
    assert not details["size_was_open"]


def test_a_fixed_side_is_kept(adopt):
    """What the program fixes counts more than what is usual."""
    assert adopt("strip", usual=224)[0]["inputs"][0]["shape"] == [1, 3, 48, 48]
    assert adopt("strip", usual=[32, 160])[0]["inputs"][0]["shape"] == [1, 3, 48, 160]
    assert adopt("strip", size=[48, 96])[0]["inputs"][0]["shape"] == [1, 3, 48, 96]


def test_what_is_no_square_is_taken_as_it_is(adopt):
    assert adopt("wide")[0]["inputs"][0]["shape"] == [1, 3, 32, 64]
    assert adopt("open", size=[80, 160])[0]["inputs"][0]["shape"] == [1, 3, 80, 160]
    assert adopt("open", usual=[80, 160], batch="dynamic")[0]["inputs"][0]["shape"] == [-1, 3, 80, 160]


def test_one_and_four_channels(adopt):
    assert adopt("grey")[0]["inputs"][0]["shape"] == [1, 1, 28, 28]
    assert adopt("four", size=32)[0]["inputs"][0]["shape"] == [1, 4, 32, 32]


@pytest.mark.parametrize(
    ("model", "shape", "kind", "known_from"),
    [
        ("labels", [1, CLASSES], "sigmoid", "the program ends in a sigmoid"),
        ("one_label", [1, 1], "sigmoid", "the program ends in a sigmoid"),
        ("row", [1, 32, 1, 1], "probabilities", "the program ends in a softmax"),
        ("features", [1, 32], "features", "the program ends in a vector divided by its length"),
        ("features_written_out", [1, 32], "features", "the program ends in a vector divided by its length"),
    ],
)
def test_what_the_output_means_is_seen(adopt, model, shape, kind, known_from):
    details, _ = adopt(model)
    (output,) = details["outputs"]
    assert (output["shape"], output["kind"], output["known_from"]) == (shape, kind, known_from)
    assert details["class_count"] == shape[1]


def test_what_it_computes_stays(adopt, reference):
    """Alone, in a batch and from separate files: the same values, and float64 agrees."""
    single, exact = reference(adopt("open", size=64)[1], 64)
    together, _ = reference(adopt("open", size=64, batch=3)[1], 64, batch=3)
    any_number, _ = reference(adopt("open", size=64, batch="dynamic")[1], 64, batch=[1, 2])
    separate, _ = reference(adopt("old", size=64)[1], 64)
    assert single.shape == (3, CLASSES)
    assert exact.dtype == np.float64
    np.testing.assert_allclose(single.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(single, exact, rtol=1e-5)
    for other in (together, any_number, separate):
        np.testing.assert_allclose(other, single, rtol=1e-6)


def test_constants_are_those_of_float64_too(adopt, reference):
    """Numbers in a forward are kept by type, and each must reach the oracle."""
    fp32, exact = reference(adopt("constants")[1], 32)
    x = np.random.default_rng(3).standard_normal((3, 3, 32, 32)).astype(np.float32).astype(np.float64)
    y = x.mean((2, 3)) * [0.3, 0.7, -1.1] * 0.5 + 0.1
    expected = np.where(y > 0.1, y, y * [2, 3, 5]) + [0.2, 0.4, 0.4] + np.arange(3) / 7.0
    # The program holds its numbers in FP32: 1.1 is off by 2e-8.
    np.testing.assert_allclose(exact, expected, rtol=0, atol=5e-8)
    np.testing.assert_allclose(fp32, expected, rtol=0, atol=1e-6)
    assert exact.dtype == np.float64


def test_no_path_of_the_exporter_stays(adopt):
    _, program = adopt("logits", stem="mynet")
    assert b"foreign_models.py" not in (program / "inference.pdmodel").read_bytes()


@pytest.mark.parametrize(
    ("model", "options", "sentence"),
    [
        ("two_inputs", {}, r"takes 2 inputs \(.*\), not one image"),
        ("segmenter", {}, r"the output .* is float32 \[1, 7, 32, 32\], not a value for each class"),
        ("sized", {"size": 48}, r"whose input x is \[any, 3, any, any\], does not take \[1, 3, 48, 48\]: .*6912"),
        ("flattened", {"size": 48}, r"was exported for images of 32 x 32 px, and 48 x 48 are asked for"),
        ("wide", {"size": 64}, r"was exported for images of 32 x 64 px, and 64 x 64 are asked for"),
        ("strip", {"size": [80, 160]}, r"was exported for images of 48 x any px, and 80 x 160 are asked for"),
        ("strip", {"size": 64}, r"was exported for images of 48 x any px, and 64 x 64 are asked for"),
    ],
)
def test_what_cannot_be_is_refused_by_name(adopt, model, options, sentence):
    with pytest.raises(UsageError, match=sentence):
        adopt(model, **options)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda content: content[:-100], r"damaged or cut short at byte \d+, in parameter linear_0.w_0"),
        (lambda content: content + b"more", "goes on for 4 bytes after"),
        (lambda content: b"", "is empty"),
        (lambda content: b"\xff" * len(content), "damaged or cut short at byte 0, in parameter batch_norm2d_0.b_0"),
        (lambda content: content[: content.index(b"\x00\x00\x00\x00", 400)], "damaged|holds"),
        (lambda content: content[:-4] + np.float32(np.nan).tobytes(), "linear_0.w_0 holds NaN"),
    ],
)
def test_damaged_parameters_are_named(adopt, foreign_models, free_copy, damage, sentence):
    folder = free_copy(foreign_models / "open")
    path = folder / "inference.pdiparams"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UsageError, match=sentence):
        adopt(folder)


def test_parameters_of_another_model_are_named(adopt, foreign_models, free_copy):
    folder = free_copy(foreign_models / "open")
    shutil.copy(foreign_models / "flattened" / "inference.pdiparams", folder)
    with pytest.raises(UsageError, match=r"the parameter batch_norm2d_0.b_0 is|holds 2 tensors"):
        adopt(folder)


def test_an_absent_parameter_file_is_named(adopt, foreign_models, free_copy):
    folder = free_copy(foreign_models / "old")
    (folder / "linear_0.w_0").unlink()
    with pytest.raises(UsageError, match=r"lacks 1 of the program's 9 parameter files; the first is linear_0\.w_0"):
        adopt(folder)


def edited(folder, change) -> None:
    """Apply `change` to the program in `folder`."""
    path = folder / "inference.pdmodel"
    program = paddle_program.read_program(path)
    change(program)
    paddle_program.write_program(program, path)


def add_op(kind):
    def change(program: Any) -> None:
        op = program.blocks[0].ops.add(type=kind)
        op.inputs.add(parameter="X", arguments=["x"])

    return change


def outside(program: Any) -> None:
    block, name = program.blocks[0], "linear_0.w_0"
    for variable in block.vars:
        variable.name = f"../{name}" if variable.name == name else variable.name
    for op in block.ops:
        for slot in op.inputs:
            slot.arguments[:] = [f"../{name}" if argument == name else argument for argument in slot.arguments]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (add_op("save_combine"), "an operator save_combine, which reaches beyond it"),
        (add_op("py_func"), "an operator py_func, which reaches beyond it"),
        (add_op("c_allreduce_sum"), "an operator c_allreduce_sum"),
        (add_op("fake_quantize_abs_max"), "is quantised already"),
        (lambda program: program.blocks.add(idx=1, parent_idx=0), "has control flow"),
    ],
)
def test_a_program_that_does_more_than_compute_is_refused(adopt, foreign_models, free_copy, change, sentence):
    folder = free_copy(foreign_models / "open")
    edited(folder, change)
    with pytest.raises(UsageError, match=sentence):
        adopt(folder)


def in_folders(program: Any) -> None:
    """Rename the classifier's weight as `paddle.static.name_scope` does: with slashes."""
    for variable in program.blocks[0].vars:
        variable.name = "head/fc/w" if variable.name == "linear_0.w_0" else variable.name
    for op in program.blocks[0].ops:
        for slot in op.inputs:
            slot.arguments[:] = ["head/fc/w" if name == "linear_0.w_0" else name for name in slot.arguments]


def test_parameters_with_slashes_are_read_from_folders(adopt, foreign_models, free_copy, reference):
    folder = free_copy(foreign_models / "old")
    program = paddle_program.read_program(folder / "__model__")
    in_folders(program)
    paddle_program.write_program(program, folder / "__model__")
    (folder / "head" / "fc").mkdir(parents=True)
    (folder / "linear_0.w_0").rename(folder / "head" / "fc" / "w")
    renamed, _ = reference(adopt(folder, size=64)[1], 64)
    plain, _ = reference(adopt("old", size=64)[1], 64)
    np.testing.assert_array_equal(renamed, plain)


def test_a_link_to_a_folder_elsewhere_is_no_part_of_the_model(adopt, foreign_models, free_copy, tmp_path):
    folder = free_copy(foreign_models / "old")
    program = paddle_program.read_program(folder / "__model__")
    in_folders(program)
    paddle_program.write_program(program, folder / "__model__")
    (tmp_path / "elsewhere" / "fc").mkdir(parents=True)
    (folder / "linear_0.w_0").rename(tmp_path / "elsewhere" / "fc" / "w")
    (folder / "head").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="'head/fc/w', which is no file of its folder"):
        adopt(folder)


@pytest.mark.parametrize(
    ("kind", "bytes_each", "sentence"),
    [(22, 2, "linear_0.w_0 is bfloat16. Export"), (4, 2, "linear_0.w_0 is FP16"), (21, 1, "is int8: the model is")],
)
def test_parameters_of_fewer_bits_are_named(adopt, foreign_models, free_copy, kind, bytes_each, sentence):
    """`kind` is Paddle's number of the type (framework.proto, VarType.Type)."""
    folder = free_copy(foreign_models / "old")
    path = folder / "linear_0.w_0"
    described = paddle_program.TensorDesc(data_type=kind, dims=[32, CLASSES]).SerializeToString()
    head = path.read_bytes()[:16]
    path.write_bytes(head + struct.pack("<i", len(described)) + described + bytes(32 * CLASSES * bytes_each))
    with pytest.raises(UsageError, match=sentence):
        adopt(folder)


def test_a_parameter_cannot_name_a_file_elsewhere(adopt, foreign_models, free_copy):
    folder = free_copy(foreign_models / "old")
    program = paddle_program.read_program(folder / "__model__")
    outside(program)
    paddle_program.write_program(program, folder / "__model__")
    with pytest.raises((UsageError, ConversionError), match="is no file of its folder"):
        adopt(folder)


def test_what_is_no_program_is_refused(adopt, foreign_models, free_copy):
    folder = free_copy(foreign_models / "open")
    (folder / "inference.pdmodel").write_bytes(b"PK\x03\x04 not a program")
    with pytest.raises(UsageError, match=r"inference\.pdmodel (is not a Paddle program|holds no Paddle program)"):
        adopt(folder)
