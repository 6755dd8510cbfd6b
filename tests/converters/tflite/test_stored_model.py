"""Reading `.tflite` files with every access bounded."""

import random
from pathlib import Path

import numpy as np
import pytest
from edgeworker.flat_reader import Damaged

from tests.converters.loading import load
from tests.converters.tflite.small_models import SmallModel, convolution

StoredModel = load("tflite", "stored_model").StoredModel
WEIGHT = np.arange(2 * 3 * 3 * 3, dtype=np.float32).reshape(2, 3, 3, 3)
BIAS, PRODUCT = np.array([0.5, -1], np.float32), np.ones((2, 4), np.float32)


@pytest.mark.parametrize("halves", [False, True])
def test_operators_tensors_and_who_reads_them(tmp_path: Path, halves: bool) -> None:
    file = convolution(WEIGHT, BIAS, PRODUCT, halves=halves).write(tmp_path / "m.tflite")
    model = StoredModel.read(file)
    names = [tensor.name for tensor in model.tensors]
    assert [names[index] for index in (*model.inputs, *model.outputs)] == ["x", "y"]
    stored = {tensor.name: tensor.values for tensor in model.tensors if tensor.values is not None}
    assert set(stored) == {"w", "b", "p"}
    assert stored["w"].dtype == (np.float16 if halves else np.float32)
    np.testing.assert_array_equal(stored["w"], WEIGHT.transpose(0, 2, 3, 1))
    # A constant that is widened first is read by the convolution, as its third input.
    operator, place = model.readers()[names.index("b")]
    assert (model.title(operator), place) == ("CONV_2D c", 2)


def test_integers_with_their_scales(tmp_path: Path) -> None:
    model = SmallModel()
    model.computed("x", (1, 3))
    model.computed("y", (1, 2))
    model.constant("w", np.array([[1, -2, 3], [4, 5, -6]], np.int8), scale=[0.5, 0.25], zero_point=[0, 0])
    model.add("FULLY_CONNECTED", ["x", "w"], "y")
    (weight,) = [one for one in StoredModel.read(model.write(tmp_path / "m.tflite")).tensors if one.name == "w"]
    assert weight.quantisation.scale.tolist() == [0.5, 0.25]
    assert (weight.quantisation.zero_point.tolist(), weight.quantisation.axis) == ([0, 0], 0)


def test_a_number_of_an_operator(tmp_path: Path) -> None:
    model = SmallModel()
    model.computed("x", (1, 3))
    model.computed("y", (1, 3))
    model.add("SOFTMAX", ["x"], "y", beta=0.75)
    (operator,) = StoredModel.read(model.write(tmp_path / "m.tflite")).operators
    assert (operator.type, operator.numbers) == ("SOFTMAX", {"beta": 0.75})


def test_an_operator_that_no_classifier_has_is_refused(tmp_path: Path) -> None:
    """FAKE_QUANT (80) keeps a range in its options, which nobody would account for."""
    model = SmallModel()
    model.computed("x", (1, 3))
    model.computed("y", (1, 3))
    model.add("80", ["x"], "y")
    with pytest.raises(Damaged, match="it has the operator 80, which no file of edgekit's has"):
        StoredModel.read(model.write(tmp_path / "m.tflite"))


def refused(content: bytes, folder: Path) -> str:
    path = folder / "m.tflite"
    path.write_bytes(content)
    with pytest.raises(Damaged) as damage:
        StoredModel.read(path)
    return str(damage.value)


def test_what_is_no_such_file_is_refused(tmp_path: Path) -> None:
    content = convolution(WEIGHT, BIAS, PRODUCT).content()
    assert "does not begin as a TFLite model does" in refused(b"", tmp_path)
    assert "does not begin as a TFLite model does" in refused(content.replace(b"TFL3", b"TFL2"), tmp_path)
    assert "outside its" in refused(content[:60], tmp_path) or "leaves the buffer" in refused(content[:60], tmp_path)
    for place in range(8, len(content) - 1, 7):
        refused(content[:place], tmp_path)


def test_values_that_do_not_fit_their_shape_are_refused(tmp_path: Path) -> None:
    model = convolution(WEIGHT, BIAS, PRODUCT)
    model.buffers[1]["data"] = model.buffers[1]["data"][:-4]
    assert "the tensor w of [2, 3, 3, 3] float32 has 212 bytes" in refused(model.content(), tmp_path)


def test_a_tensor_that_is_not_there_is_refused(tmp_path: Path) -> None:
    model = convolution(WEIGHT, BIAS, PRODUCT)
    model.operators[0]["inputs"][1] = 99
    assert "names tensor 99 of 6" in refused(model.content(), tmp_path)


def test_values_behind_the_end_are_refused(tmp_path: Path) -> None:
    model = convolution(WEIGHT, BIAS, PRODUCT)
    model.buffers[1] |= {"offset": 4096, "size": 8}
    assert "behind its end" in refused(model.content(), tmp_path)


def test_changed_bytes_are_read_or_refused_and_never_break_the_reader(tmp_path: Path) -> None:
    content = convolution(WEIGHT, BIAS, PRODUCT).content()
    chance = random.Random(0)
    path, caught = tmp_path / "m.tflite", 0
    for _ in range(1500):
        changed = bytearray(content)
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(len(changed))] = chance.choice([0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)])
        path.write_bytes(changed)
        try:
            StoredModel.read(path).readers()
        except Damaged:
            caught += 1
    assert caught > 300
