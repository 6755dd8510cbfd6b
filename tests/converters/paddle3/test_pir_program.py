"""Paddle 3's program files from strangers: read without Paddle, and refused with a reason where they are none."""

import json

import pytest
from edgeworker.refusal import Refusal

from tests.converters.loading import load

pir_program = load("paddle3", "pir_program")
pir_build = load("paddle3", "pir_build")
pir_ports = load("paddle3", "pir_ports")


def document(*, shape=(-1, 3, 32, 32), output=(-1, 7), softmax=True):
    """Reads `x`, and hands over what one operator makes of it."""
    image = pir_build.tensor_type("0.t_f32", shape)
    classes = pir_build.tensor_type("0.t_f32", output)
    data = pir_build.operator("1.data", [pir_build.attribute("name", "0.a_str", "x")], [], 1, image)
    kind = "1.softmax" if softmax else "1.relu"
    last = pir_build.operator(kind, [pir_build.attribute("axis", "0.a_i32", -1)], [1], 2, classes)
    fetched = pir_build.fetch("out", 0, 2, 3, classes)
    blocks = [{"#": "block_0", "args": [], "ops": [data, last, fetched]}]
    return {
        "base_code": {"magic": "pir", "trainable": True, "version": 4},
        "program": {"regions": [{"#": "region_0", "blocks": blocks}]},
    }


def read(content, tmp_path):
    path = tmp_path / "inference.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return pir_program.read_program(path)


def test_ports_and_kinds(tmp_path):
    inputs, outputs = pir_ports.ports(read(document(), tmp_path))
    assert inputs == [pir_ports.Port("x", (-1, 3, 32, 32), "float32")]
    assert outputs == [pir_ports.Port("out", (-1, 7), "float32", "probabilities", "the program ends in a softmax")]
    assert pir_ports.ports(read(document(softmax=False), tmp_path))[1][0].kind == "logits"


def test_writing_gives_back_what_was_read(tmp_path):
    program = read(document(), tmp_path)
    program.write(tmp_path / "again.json")
    assert json.loads((tmp_path / "again.json").read_text()) == document()


def ops_of(made):
    return made["program"]["regions"][0]["blocks"][0]["ops"]


def with_region(made):
    ops_of(made)[1]["regions"] = [{"#": "region_1", "blocks": []}]


def newer(made):
    made["base_code"]["version"] = 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (newer, "version 5 of Paddle's format, and edgekit reads up to 4"),
        (with_region, r"control flow, softmax \(op 1\)"),
        (lambda made: made["base_code"].update(magic="old"), "not a Paddle 3 program"),
        (lambda made: made.pop("program"), "not a Paddle 3 program"),
        (lambda made: made["program"]["regions"].append({}), "not a Paddle 3 program"),
        (lambda made: ops_of(made)[1]["I"][0].update({"%": 9}), "not a Paddle 3 program"),
        (lambda made: ops_of(made)[1]["O"][0].update({"%": 1}), "not a Paddle 3 program"),
        (lambda made: ops_of(made)[1]["O"][0]["TT"]["D"].__setitem__(1, [-2, 7]), "not a Paddle 3 program"),
        (lambda made: ops_of(made)[1]["O"][0]["TT"]["D"].__setitem__(1, [1.5, 7]), "not a Paddle 3 program"),
        (lambda made: ops_of(made)[1].pop("A"), "not a Paddle 3 program"),
        (lambda made: ops_of(made)[2]["A"][1]["AT"].update(D=1 << 40), "not a Paddle 3 program"),
        (lambda made: ops_of(made).__setitem__(1, None), "not a Paddle 3 program"),
    ],
)
def test_what_is_not_such_a_program(tmp_path, change, message):
    made = document()
    change(made)
    with pytest.raises(Refusal, match=message) as caught:
        read(made, tmp_path)
    assert caught.value.kind == "input"


@pytest.mark.parametrize("content", ["", "{", "[" * 100_000, '{"a": ' * 50_000, "null", "[]", "3"])
def test_what_is_not_even_an_object(tmp_path, content):
    with pytest.raises(Refusal, match=r"no JSON, or is cut short|not a Paddle 3 program"):
        read(content, tmp_path)


def test_a_file_too_large_is_not_read(tmp_path):
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate(pir_program.LARGEST_BYTES + 1)
    with pytest.raises(Refusal, match="takes 67108865 bytes, too many for a program"):
        pir_program.read_program(tmp_path / "huge.json")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shape": (-1, 2, 32, 64)}, r"input x is float32 \[-1, 2, 32, 64\], not an image"),
        ({"output": (-1, 7, 32, 32)}, r"output out is float32 \[-1, 7, 32, 32\], not a value for each class"),
    ],
)
def test_what_is_no_image_classifier(tmp_path, changes, message):
    with pytest.raises(Refusal, match=message):
        pir_ports.check_ports(read(document(**changes), tmp_path))


@pytest.mark.parametrize("shape", [(-1, 1, 28, 28), (-1, 4, 32, 64), (-1, 3, 80, 160), (-1, -1, -1, 160)])
def test_images_need_no_square_and_no_three_channels(tmp_path, shape):
    assert pir_ports.check_ports(read(document(shape=shape), tmp_path)).shape == shape


def test_two_inputs_are_named(tmp_path):
    made = document()
    image = pir_build.tensor_type("0.t_f32", [-1, 1])
    ops_of(made).insert(
        0, pir_build.operator("1.data", [pir_build.attribute("name", "0.a_str", "scale")], [], 9, image)
    )
    with pytest.raises(Refusal, match=r"takes 2 inputs \(scale, x\), not one image"):
        pir_ports.check_ports(read(made, tmp_path))
