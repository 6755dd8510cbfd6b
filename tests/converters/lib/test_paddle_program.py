import pytest
from edgeworker import paddle_program
from edgeworker.refusal import Refusal

from tests.converters.lite import tiny_program


def test_a_program_survives_reading_and_writing_byte_for_byte(tmp_path):
    content = tiny_program.build().SerializeToString()
    path = tmp_path / "inference.pdmodel"
    path.write_bytes(content)
    paddle_program.write_program(paddle_program.read_program(path), path)
    assert path.read_bytes() == content
    assert [file.name for file in tmp_path.iterdir()] == ["inference.pdmodel"]


def test_fields_that_the_schema_leaves_out_are_kept():
    program = tiny_program.build()
    # Field 20 of OpDesc.Attr (var), 7 of VarDesc (attrs), 5 of ProgramDesc (op_version_map): unknown here.
    unknown_text = b"\x3a\x03abc"
    variable = program.blocks[0].vars[2]
    variable.MergeFromString(unknown_text)
    program.MergeFromString(b"\x2a\x04\x0a\x02\x0a\x00")
    content = program.SerializeToString()
    assert content.endswith(b"\x2a\x04\x0a\x02\x0a\x00")
    assert unknown_text in content
    again = paddle_program.parse_program(content)
    paddle_program.set_float(next(paddle_program.ops(again, {"swish"})), "beta", 1.0)
    assert again.SerializeToString().endswith(b"\x2a\x04\x0a\x02\x0a\x00")
    assert unknown_text in again.SerializeToString()


@pytest.mark.parametrize("kept", [1, 10, 100, -1])
def test_a_program_cut_short_is_refused_by_name(tmp_path, kept):
    path = tmp_path / "inference.pdmodel"
    path.write_bytes(tiny_program.build().SerializeToString()[:kept])
    with pytest.raises(Refusal, match=r"inference\.pdmodel is not a Paddle program, or is cut short") as caught:
        paddle_program.read_program(path)
    assert caught.value.kind == "input"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip file", b'{"program": {}}', bytes(range(256)), b"\x08\x01"])
def test_something_else_is_refused(content):
    with pytest.raises(Refusal) as caught:
        paddle_program.parse_program(content, "weights.zip")
    assert "weights.zip" in caught.value.message
    assert caught.value.kind == "input"


def test_an_absent_file_is_refused(tmp_path):
    with pytest.raises(Refusal, match="No such file") as caught:
        paddle_program.read_program(tmp_path / "inference.pdmodel")
    assert caught.value.kind == "input"


def test_operators_come_in_order_and_by_type():
    program = tiny_program.build()
    program.blocks.add(idx=1, parent_idx=0).ops.add(type="swish")
    assert [op.desc.type for op in paddle_program.ops(program)][:3] == ["feed", "conv2d", "elementwise_add"]
    found = list(paddle_program.ops(program, {"swish"}))
    assert [(op.block.idx, op.index) for op in found] == [(0, 3), (1, 0)]
    assert found[0].place == "swish (block 0, op 3 -> swished)"
    assert found[1].place == "swish (block 1, op 0)"


def test_attributes_have_their_own_types():
    program = tiny_program.build()
    pool = next(paddle_program.ops(program, {"pool2d"}))
    assert paddle_program.attribute(pool, "adaptive") is True
    assert paddle_program.attribute(pool, "ksize") == [1, 1]
    assert paddle_program.attribute(pool, "pooling_type") == "avg"
    assert paddle_program.attribute(pool, "beta") is None
    paddle_program.set_float(pool, "beta", 0.25)
    assert paddle_program.attribute(pool, "beta") == 0.25
    paddle_program.set_float(pool, "ksize", 3.0)
    assert paddle_program.attribute(pool, "ksize") == 3.0
    assert [attr.name for attr in pool.desc.attrs].count("ksize") == 1


def test_an_added_output_is_declared_connected_and_new():
    program = tiny_program.build()
    op = next(paddle_program.ops(program, {"flatten_contiguous_range"}))
    tiny_program.add_tensor(program.blocks[0], "flat.xshape", [1])
    name = paddle_program.add_output(program, op, "XShape", [0, 1, 4, 1, 1])
    assert name == "flat.xshape_1"
    assert paddle_program.arguments(op.desc.outputs, "XShape") == [name]
    assert paddle_program.arguments(op.desc.outputs, "Other") is None
    declared = paddle_program.variable(program.blocks[0], name)
    assert declared is not None
    assert list(declared.type.lod_tensor.tensor.dims) == [0, 1, 4, 1, 1]
    assert declared.type.lod_tensor.tensor.data_type == paddle_program.FP32
