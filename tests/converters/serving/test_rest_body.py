"""Bodies of REST: what the protocol allows, in every form; what is wrong is said in one sentence, and nothing else."""

import base64
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.converters.loading import load

inference = load("serving", "inference")
rest_body = load("serving", "rest_body")
Problem = load("serving", "problems").Problem

VALUES = np.arange(6, dtype=np.float32).reshape(1, 2, 3) / 7


def body(data: Any = None, behind: bytes = b"", **changes: Any) -> tuple[bytes, bytes | None]:
    """A request of one input x, FP32 [1, 2, 3], with `data` or `behind` it; `changes` are fields of the input."""
    one = {"name": "x", "shape": [1, 2, 3], "datatype": "FP32"}
    if data is not None:
        one["data"] = data
    head = json.dumps({"inputs": [{**one, **changes}]}).encode()
    return head + behind, b"%d" % len(head) if behind else None


@pytest.mark.parametrize("data", [VALUES.ravel().tolist(), VALUES.tolist(), VALUES[0].tolist()])
def test_values_come_flat_or_nested(data: Any) -> None:
    request, _ = rest_body.read(*body(data))
    assert request.inputs["x"].value.dtype == np.float32
    assert np.array_equal(request.inputs["x"].value, VALUES)


def test_values_come_as_bytes() -> None:
    raw = VALUES.tobytes()
    request, _ = rest_body.read(*body(behind=raw, parameters={"binary_data_size": len(raw)}))
    assert np.array_equal(request.inputs["x"].value, VALUES)


def test_a_photo_comes_as_bytes_as_text_or_in_base64() -> None:
    photo = bytes(range(256))
    raw = len(photo).to_bytes(4, "little") + photo
    forms = [
        body(behind=raw, datatype="BYTES", shape=[1], parameters={"binary_data_size": len(raw)}),
        body([base64.b64encode(photo).decode()], datatype="BYTES", shape=[1], parameters={"content_type": "base64"}),
    ]
    for form in forms:
        assert rest_body.read(*form)[0].inputs["x"].value.tolist() == [photo]
    assert rest_body.read(*body(["é"], datatype="BYTES", shape=[1]))[0].inputs["x"].value.tolist() == ["é".encode()]


@pytest.mark.parametrize(
    ("given_body", "said"),
    [
        ((b"", None), "not one of the protocol's"),
        ((b"[1]", None), "Expected `object`, got `array`"),
        (body([1, 2]), "has 6 values, and 2 are given"),
        (body([[1, 2], [3]]), "has 6 values, and 3 are given"),
        (body(["a"] * 6), "holds something else than numbers"),
        (body([None] * 6), "holds something else than numbers"),
        (body(1.5), "is no list"),
        (body(), "has no data"),
        (body([1.5] * 6, datatype="INT32"), "is no tensor of INT32"),
        (body([300] * 6, datatype="UINT8"), "a value is out of range"),
        (body([1] * 6, datatype="FP8"), "no data type of the protocol"),
        (body([1] * 6, shape=[-1, 6]), "has the shape [-1, 6], which is none"),
        (body([1] * 6, shape=[1 << 50]), "has the shape [1125899906842624], which is none"),
        (body([1] * 6, shape=[1 << 39] * 8), "which is none"),
        (body([], shape=[0, 1 << 62]), "which is none"),
        (body([1], shape=[1] * 70), "which is none"),
        (body([1] * 6, shape=[1 << 40]), "has 1099511627776 values, and 6 are given"),
        ((b'{"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1e999]}]}', None), "cannot be read"),
        (body(behind=b"123", parameters={"binary_data_size": 24}), "is cut: 3 bytes are left of 24"),
        (body(behind=b"123", parameters={"binary_data_size": 3}), "takes 24 bytes, and 3 are given"),
        (body(behind=b"123", parameters={"binary_data_size": True}), "is cut"),
        (body(behind=b"123", parameters={"binary_data_size": -1}), "is cut"),
        (body([1] * 6, b"123"), "3 bytes behind the request belong to no input"),
        (body(behind=b"\xff\xff\xff\xffab", datatype="BYTES", shape=[1], parameters={"binary_data_size": 6}), "is cut"),
        (body(["%"], datatype="BYTES", shape=[1], parameters={"content_type": "base64"}), "is no base64"),
        ((body([1] * 6)[0], b"99999999999999999999"), "Inference-Header-Content-Length"),
        ((body([1] * 6)[0], b"-1"), "Inference-Header-Content-Length"),
        ((body([1] * 6)[0], b"0" * 5000), "Inference-Header-Content-Length"),
        ((body([1] * 6)[0], b"9" * 5000), "Inference-Header-Content-Length"),
        ((body([1] * 6)[0], b"\xb2"), "Inference-Header-Content-Length"),
        ((body([1] * 6)[0], b"1_0"), "Inference-Header-Content-Length"),
    ],
)
def test_what_is_wrong_is_named(given_body: tuple[bytes, bytes | None], said: str) -> None:
    with pytest.raises(Problem) as problem:
        rest_body.read(*given_body)
    assert said in problem.value.message
    assert problem.value.kind.status == 400


@pytest.mark.parametrize("shape", [[1] * 70, [-1], [0, 1 << 62], [0] * 17, [1 << 41], [1 << 62, 1 << 62]])
@pytest.mark.parametrize("datatype", ["FP32", "BYTES"])
def test_no_form_takes_a_shape_that_no_array_has(shape: list[int], datatype: str) -> None:
    """gRPC's extents are any 64 bits, any number of them."""
    value = b"x" if datatype == "BYTES" else 1.5
    with pytest.raises(Problem, match="which is none"):
        inference.from_values("x", datatype, shape, [value])
    with pytest.raises(Problem, match="which is none"):
        inference.from_binary("x", datatype, shape, b"\0\0\0\0")


def test_two_inputs_of_one_name_are_refused() -> None:
    one = {"name": "x", "shape": [1], "datatype": "FP32", "data": [1]}
    with pytest.raises(Problem, match="is given twice"):
        rest_body.read(json.dumps({"inputs": [one, one]}).encode(), None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from([*inference.DTYPES, "BYTES", "FP8", ""])
PARAMETERS = st.sampled_from([{}, {"binary_data_size": 4}, {"binary_data_size": 0}, {"content_type": "base64"}])


@settings(max_examples=300, deadline=None)
@given(
    data=JSON | st.lists(st.integers(-5, 300) | st.floats(), max_size=8),
    shape=st.lists(st.integers(-1, 4) | st.integers(-(1 << 63), (1 << 63) - 1), max_size=4)
    | st.integers(0, 100).map(lambda count: [1] * count),
    datatype=TYPES,
    parameters=PARAMETERS,
    behind=st.binary(max_size=12),
)
def test_whatever_comes_is_a_tensor_or_a_problem(
    data: Any, shape: list[int], datatype: str, parameters: dict, behind: bytes
) -> None:
    content, length = body(data, behind, shape=shape, datatype=datatype, parameters=parameters)
    try:
        request, _ = rest_body.read(content, length)
    except Problem:
        return
    assert list(request.inputs["x"].value.shape) == shape


@settings(max_examples=200, deadline=None)
@given(
    content=st.binary(max_size=200),
    length=st.none() | st.integers(0, 300).map(lambda size: b"%d" % size) | st.binary(max_size=9),
)
def test_any_bytes_are_a_problem_at_worst(content: bytes, length: str | None) -> None:
    with pytest.raises(Problem):
        rest_body.read(content, length)


@pytest.mark.parametrize("binary", [True, False])
def test_an_answer_reads_as_it_was_written(binary: bool) -> None:
    labels = np.empty((1, 2), object)
    labels[:] = [[b"cat", "dög".encode()]]
    outputs = [inference.Tensor("y", "FP32", VALUES), inference.Tensor("label", "BYTES", labels)]
    _, written = rest_body.read(*body(VALUES.tolist()))
    written.parameters, written.id = {"binary_data_output": binary}, "7"
    content, length = rest_body.write(written, "model", "1", outputs)
    document = json.loads(content[: length or len(content)])
    assert (document["model_name"], document["model_version"], document["id"]) == ("model", "1", "7")
    found, place = [], length or len(content)
    for one in document["outputs"]:
        if binary:
            size = one["parameters"]["binary_data_size"]
            raw, place = content[place : place + size], place + size
            found.append(inference.from_binary(one["name"], one["datatype"], one["shape"], raw))
        else:
            found.append(inference.from_values(one["name"], one["datatype"], one["shape"], one["data"]))
    assert place == len(content)
    assert np.array_equal(found[0].value, VALUES)
    assert found[1].value.tolist() == labels.tolist()
