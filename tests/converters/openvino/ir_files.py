"""Quantised OpenVINO IR of the small program, as NNCF and OpenVINO write it: XML beside a flat file."""

from pathlib import Path

import numpy as np

from tests.converters.quantised import Numbers

KINDS = {"float32": "f32", "int8": "i8"}


class Ir:
    """Layers, edges and constants that are written together."""

    def __init__(self) -> None:
        self._layers: list[str] = []
        self._edges: list[str] = []
        self._content = bytearray()

    def layer(self, kind: str, name: str, *reads: int, data: str = "") -> int:
        """A layer that reads others; returns its number."""
        number = len(self._layers)
        self._layers.append(f'<layer id="{number}" name="{name}" type="{kind}" version="opset1">{data}</layer>')
        self._edges += [
            f'<edge from-layer="{one}" from-port="0" to-layer="{number}" to-port="{port}"/>'
            for port, one in enumerate(reads)
        ]
        return number

    def constant(self, name: str, values: np.ndarray) -> int:
        """A constant with its values."""
        values = np.ascontiguousarray(values)
        shape = ", ".join(map(str, values.shape))
        data = (
            f'<data element_type="{KINDS[values.dtype.name]}" shape="{shape}" offset="{len(self._content)}" '
            f'size="{values.nbytes}"/>'
        )
        self._content += values.tobytes()
        return self.layer("Const", name, data=data)

    def write(self, folder: Path) -> dict[str, Path]:
        """The files, by the roles of `parameters.py`."""
        text = f"<net><layers>{''.join(self._layers)}</layers><edges>{''.join(self._edges)}</edges></net>"
        (folder / "m.xml").write_text(text)
        (folder / "m.bin").write_bytes(bytes(self._content))
        return {"model": folder / "m.xml", "weights": folder / "m.bin"}


def ranges(numbers: Numbers, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest value that unsigned 8 bits stand for, of an activation."""
    scale, zero = numbers.values[f"{name}_scale"], numbers.values[f"{name}_zero"].astype(np.float32)
    return np.float32(-zero * scale).reshape(1), np.float32((255 - zero) * scale).reshape(1)


def quantised_ir(numbers: Numbers, bias: np.ndarray) -> Ir:
    """x -> FakeQuantize -> Convolution -> Add -> FakeQuantize -> MatMul; weights through Convert and Multiply.

    With a number k, times that, which comes in the same way. With `s_scale`, what the product reads is multiplied by it
    before it is quantised, as SmoothQuant has it.
    """
    ir = Ir()
    value = ir.layer("Parameter", "x")
    for name, weight, kind in (("x", "w", "Convolution"), ("y", "p", "MatMul")):
        if kind == "MatMul" and "s_scale" in numbers.values:
            factor = ir.constant("s_scale", numbers.values["s_scale"].reshape(1, 1, -1))
            value = ir.layer("Multiply", "smooth", value, factor)
        low, high = ranges(numbers, name)
        limits = [
            ir.constant(f"{name}/fq/{limit}", one)
            for limit, one in (("input_low", low), ("input_high", high), ("output_low", low), ("output_high", high))
        ]
        value = ir.layer("FakeQuantize", f"{name}/fq", value, *limits)
        integers = ir.layer("Convert", f"{weight}/convert", ir.constant(weight, numbers.values[weight]))
        shape = (-1, 1, 1, 1) if weight == "w" else (1, -1)
        if weight == "w":
            zero = ir.layer("Convert", "w/zero/convert", ir.constant("w_zero", numbers.values["w_zero"].reshape(shape)))
            integers = ir.layer("Subtract", "w/zero_point", integers, zero)
        scale = ir.constant(f"{weight}_scale", numbers.values[f"{weight}_scale"].reshape(shape))
        value = ir.layer(kind, f"{kind}_{weight}", value, ir.layer("Multiply", f"{weight}/scaled", integers, scale))
        if weight == "w":
            value = ir.layer("Add", "bias", value, ir.constant("b", bias.reshape(1, -1, 1, 1)))
    if "k" in numbers.values:
        integers = ir.layer("Convert", "k/convert", ir.constant("k", numbers.values["k"]))
        scaled = ir.layer("Multiply", "k/scaled", integers, ir.constant("k_scale", numbers.values["k_scale"]))
        value = ir.layer("Multiply", "product", value, scaled)
    ir.layer("Result", "logits", value)
    return ir
