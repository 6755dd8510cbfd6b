"""Files that are cut short are noticed, wherever the cut is."""

import json
import struct
from pathlib import Path

import numpy as np
import onnx
import pytest
from edgeworker.paddle_program import LOD_TENSOR, new_program
from edgeworker.parameter_files import write_tensors
from edgeworker.whole import NotWhole, check_whole
from safetensors.numpy import save_file

TENSORS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(5, np.float32)}


def write_safetensors(folder: Path) -> Path:
    save_file(TENSORS, folder / "x.safetensors", {"note": "x"})
    return folder / "x.safetensors"


def write_onnx(folder: Path) -> Path:
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [2])
    weight = onnx.numpy_helper.from_array(TENSORS["a"], "w")
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "g", [value], [], [weight])
    onnx.save(onnx.helper.make_model(graph), folder / "model.onnx")
    return folder / "model.onnx"


def write_program(folder: Path) -> Path:
    program = new_program()
    block = program.blocks[0]
    for name, tensor in TENSORS.items():
        variable = block.vars.add(name=name, persistable=True)
        variable.type.type = LOD_TENSOR
        variable.type.lod_tensor.tensor.data_type = 5
        variable.type.lod_tensor.tensor.dims.extend(tensor.shape)
    block.ops.add(type="relu")
    (folder / "inference.pdmodel").write_bytes(program.SerializeToString())
    return folder / "inference.pdmodel"


def write_parameters(folder: Path) -> Path:
    write_program(folder)
    write_tensors(folder / "inference.pdiparams", TENSORS)
    return folder / "inference.pdiparams"


def write_parameters_of_paddle3(folder: Path) -> Path:
    write_tensors(folder / "inference.pdiparams", TENSORS)
    return folder / "inference.pdiparams"


def write_ir(folder: Path) -> Path:
    data = '<data element_type="f32" shape="4" offset="16" size="16" />'
    (folder / "model.xml").write_text(f'<net><layers><layer id="0" type="Const">{data}</layer></layers></net>')
    (folder / "model.bin").write_bytes(bytes(32))
    return folder / "model.bin"


def write_xml(folder: Path) -> Path:
    write_ir(folder)
    return folder / "model.xml"


def write_json(folder: Path) -> Path:
    (folder / "ranges.json").write_text(json.dumps({"a": [1, 2.5]}))
    return folder / "ranges.json"


WRITERS = [
    write_safetensors, write_onnx, write_program, write_parameters, write_parameters_of_paddle3, write_ir, write_xml,
    write_json,
]  # fmt: skip


@pytest.mark.parametrize("write", WRITERS, ids=lambda one: one.__name__)
def test_every_cut_is_noticed(tmp_path: Path, write) -> None:
    path = write(tmp_path)
    check_whole(tmp_path)
    whole = path.read_bytes()
    # Parameters of Paddle 3 are taken tensor by tensor: what is cut between two of them is whole in itself. A program
    # may end after any of its operators.
    first = {"a": TENSORS["a"]}
    write_tensors(tmp_path / "first", first)
    between = {0, (tmp_path / "first").stat().st_size} if write is write_parameters_of_paddle3 else set()
    missed = []
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        try:
            check_whole(tmp_path)
        except NotWhole as error:
            assert "was not written whole" in str(error)
        else:
            missed.append(length)
    assert set(missed) == between


def test_parameters_that_end_between_two_tensors_are_too_few(tmp_path: Path) -> None:
    """What Paddle's save leaves on a full disk may end anywhere; the program says how many there are."""
    write_program(tmp_path)
    write_tensors(tmp_path / "inference.pdiparams", {"a": TENSORS["a"]})
    with pytest.raises(NotWhole, match="holds 1 tensors, and the program has 2 parameters"):
        check_whole(tmp_path)


def test_a_header_that_promises_too_much_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").write_bytes(struct.pack("<Q", 1 << 62) + b"{}")
    with pytest.raises(NotWhole, match="its header takes"):
        check_whole(tmp_path)


def test_other_formats_pass(tmp_path: Path) -> None:
    (tmp_path / "model.nb").write_bytes(b"\0")
    (tmp_path / "out.txt").write_text("text")
    check_whole(tmp_path)
