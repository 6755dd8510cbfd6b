"""Damages one stored parameter of an artifact, chosen by its layer, for every target that stores them plainly."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from edgeworker.paddle_graph import stored_names
from edgeworker.paddle_program import read_program
from edgeworker.parameter_files import read_tensors

from tests.converters.loading import load


@dataclass(frozen=True)
class Stored:
    """A float32 parameter: where its values start in `file`, and how many output channels they are for.

    `shape` is as the file has it, where the channels need not lead.
    """

    name: str
    file: Path
    offset: int
    count: int
    channels: int
    shape: tuple[int, ...] = ()


def stored_parameters(target: str, folder: Path) -> dict[str, Stored]:
    """The parameters that an artifact's runnable file holds, by the names that `tensors.py` gives them.

    Those of ncnn are called `<layer>.<part>` here, since a part's name is the layer's own.
    """
    return {one.name: one for one in READERS[target](folder)}


def damage(stored: Stored, random: np.random.Generator, strength: float, *, channel: bool) -> str:
    """Multiply one value, or one output channel, by `strength`, and move it by as much of the largest; says what."""
    content = bytearray(stored.file.read_bytes())
    values = np.frombuffer(content, np.float32, stored.count, stored.offset)
    largest = float(np.abs(values).max()) or 1.0
    if channel and stored.count % stored.channels == 0:
        rows = values.reshape(stored.channels, -1)
        at = int(random.integers(stored.channels))
        rows[at] = rows[at] * np.float32(strength) + np.float32(0.1 * strength * largest)
        said = f"channel {at} of {stored.channels}"
    else:
        at = int(random.integers(stored.count))
        values[at] = values[at] * strength + np.copysign(strength * largest, values[at])
        said = f"value {at} of {stored.count}"
    stored.file.write_bytes(content)
    return said


def of_onnx(folder: Path) -> Iterator[Stored]:
    """Initializers kept as raw bytes; their place is found by searching for them, so that the file keeps its layout.

    They stand in their order, so that each is looked for behind the one before it.
    """
    import onnx

    (file,) = folder.glob("*.onnx")
    content, place = file.read_bytes(), 0
    for tensor in onnx.load(file).graph.initializer:
        raw = tensor.raw_data
        if tensor.data_type != onnx.TensorProto.FLOAT or len(raw) < 16 or (at := content.find(raw, place)) < 0:
            continue
        place = at + len(raw)
        shape = tuple(tensor.dims)
        yield Stored(tensor.name, file, at, len(raw) // 4, shape[0] if shape else 1, shape)


def of_openvino(folder: Path) -> Iterator[Stored]:
    """Constants of the IR, by the offsets in its XML."""
    (file,) = folder.glob("*.bin")
    for layer in ElementTree.parse(file.with_suffix(".xml")).getroot().iter("layer"):
        data = layer.find("data")
        if layer.get("type") == "Const" and data is not None and data.get("element_type") == "f32":
            shape = [int(part) for part in (data.get("shape") or "").split(",") if part.strip()]
            count = int(data.get("size") or 0) // 4
            start, channels = int(data.get("offset") or 0), shape[0] if shape else 1
            yield Stored(layer.get("name") or "", file, start, count, channels, tuple(shape))


def of_ncnn(folder: Path) -> Iterator[Stored]:
    """The parts of each layer's weights; output channels lead."""
    (param,), (file,) = folder.glob("*.param"), folder.glob("*.bin")
    network = load("ncnn", "param_file").ParamFile.read(param)
    weights = load("ncnn", "weights_file").WeightsFile.read(network, file)
    for layer in network.layers:
        for tensor in weights.tensors[layer.name]:
            channels = (
                int(layer.parameters.get("0", 1)) if "onvolution" in layer.type or layer.type == "InnerProduct" else 1
            )
            start, size = tensor.stop - tensor.values.nbytes, tensor.values.size
            shape = (channels, size // channels) if 1 < channels < size else (size,)
            if layer.type == "Gemm" and tensor.name == "B":
                columns = int(layer.parameters["8"])
                shape = (columns, -1) if layer.parameters.get("3") == "1" else (-1, columns)
                shape = tuple(size // columns if extent < 0 else extent for extent in shape)
            yield Stored(f"{layer.name}.{tensor.name}", file, start, size, channels, shape)


def of_lite(folder: Path, machine: str = "x86") -> Iterator[Stored]:
    """The parameters of the file for `machine`."""
    (file,) = folder.glob(f"*.{machine}.nb")
    for parameter in load("lite", "nb_format").read_nb(file).parameters.values():
        values = parameter.values
        if values.dtype == np.float32:
            channels = values.shape[0] if values.ndim else 1
            yield Stored(parameter.name, file, parameter.offset, values.size, channels, values.shape)


def of_lite_for_arm(folder: Path) -> Iterator[Stored]:
    """The parameters of the file that cannot run here."""
    return of_lite(folder, "arm")


def of_paddle(folder: Path) -> Iterator[Stored]:
    """The parameters of a program, in the order of their names."""
    file = folder / "inference.pdiparams"
    names = stored_names(read_program(folder / "inference.pdmodel"))
    for name, tensor in read_tensors(file, names).items():
        if tensor.dtype == np.float32:
            channels = tensor.shape[0] if tensor.shape else 1
            yield Stored(name, file, tensor.end - tensor.values.nbytes, tensor.values.size, channels, tensor.shape)


def of_mnn(folder: Path) -> Iterator[Stored]:
    """What the operators store: views of the file's bytes, whose addresses say where they lie."""
    (file,) = folder.glob("*.mnn")
    content = memoryview(file.read_bytes())
    start = np.frombuffer(content, np.uint8).ctypes.data
    for operator in load("mnn", "mnn_file").MnnFile.parse(content).operators:
        for name, values in operator.tensors().items():
            if not isinstance(values, np.ndarray) or values.dtype != np.float32 or not values.size:
                continue
            channels = int(operator.parameters.get("common", {}).get("outputCount", 1))
            shape = (channels, values.size // channels) if 1 < channels < values.size else (values.size,)
            at = values.ctypes.data - start
            yield Stored(f"{operator.name}.{name}", file, at, values.size, channels, shape)


def of_tflite(folder: Path) -> Iterator[Stored]:
    """The constants in its buffers: views of the file, whose addresses say where they lie."""
    (file,) = folder.glob("*.tflite")
    content = memoryview(file.read_bytes())
    start = np.frombuffer(content, np.uint8).ctypes.data
    for tensor in load("tflite", "stored_model").StoredModel.parse(content).tensors:
        values = tensor.values
        if values is not None and values.dtype == np.float32 and values.size:
            channels = tensor.shape[0] if tensor.shape else 1
            yield Stored(tensor.name, file, values.ctypes.data - start, values.size, channels, tensor.shape)


READERS = {
    "onnx": of_onnx,
    "openvino": of_openvino,
    "ncnn": of_ncnn,
    "lite": of_lite,
    "lite ARM": of_lite_for_arm,
    "paddle": of_paddle,
    "mnn": of_mnn,
    "tflite": of_tflite,
}


def seal_again(folder: Path) -> None:
    """Write the files' present hashes into the manifest, as a faulty converter would have."""
    import msgspec

    from edgekit.artifact.load import read_manifest
    from edgekit.artifact.manifest import FileRecord
    from edgekit.artifact.write import update_manifest
    from edgekit.filesystem.hashing import file_sha256

    manifest = read_manifest(folder)
    files = {
        name: FileRecord(file_sha256(folder / name), (folder / name).stat().st_size, record.role)
        for name, record in manifest.files.items()
    }
    update_manifest(folder, msgspec.structs.replace(manifest, files=files, verdicts=()))
