"""Small `.tflite` files written by hand, as far as the ledger and the graph's reader look into them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from edgeworker.flat_tables import Schema, write_root

from tests.converters.loading import load

# Fields in the order of TFLite's schema.fbs; a union takes two.
SCHEMA: Schema = {
    "Model": [
        ("version", "I"), ("operator_codes", ["OperatorCode"]), ("subgraphs", ["SubGraph"]), ("description", "text"),
        ("buffers", ["Buffer"]),
    ],
    "OperatorCode": [("deprecated", "b"), ("custom_code", "text"), ("version", "i"), ("code", "i")],
    "SubGraph": [
        ("tensors", ["Tensor"]), ("inputs", ["i"]), ("outputs", ["i"]), ("operators", ["Operator"]), ("name", "text"),
    ],
    "Tensor": [
        ("shape", ["i"]), ("type", "b"), ("buffer", "I"), ("name", "text"), ("quantization", "Quantization"),
    ],
    "Quantization": [
        ("min", ["f"]), ("max", ["f"]), ("scale", ["f"]), ("zero_point", ["q"]), ("details_type", "B"),
        ("details", "Softmax"), ("axis", "i"),
    ],
    "Operator": [
        ("opcode", "I"), ("inputs", ["i"]), ("outputs", ["i"]), ("options_type", "B"), ("options", "Softmax"),
    ],
    "Softmax": [("beta", "f")],
    "Buffer": [("data", ["B"]), ("offset", "Q"), ("size", "Q")],
}  # fmt: skip
TYPES = {"float32": 0, "float16": 1, "int32": 2, "int8": 9}
SOFTMAX_OPTIONS = 9


@dataclass
class SmallModel:
    """A graph under construction: tensors by name, operators in order."""

    tensors: list[dict[str, Any]] = field(default_factory=list)
    buffers: list[dict[str, Any]] = field(default_factory=lambda: [{}])
    operators: list[dict[str, Any]] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)

    def computed(self, name: str, shape: Sequence[int], kind: str = "float32", **quantisation: list) -> str:
        """A tensor without values."""
        self.tensors.append({"name": name, "shape": list(shape), "type": TYPES[kind], "buffer": 0})
        if quantisation:
            self.tensors[-1]["quantization"] = quantisation
        return name

    def constant(self, name: str, values: np.ndarray, **quantisation: list | int) -> str:
        """A tensor with values; `scale`, `zero_point`, `axis` where it is quantised."""
        self.buffers.append({"data": list(values.tobytes())})
        tensor = {"name": name, "shape": list(values.shape), "type": TYPES[values.dtype.name]}
        self.tensors.append({**tensor, "buffer": len(self.buffers) - 1})
        if quantisation:
            self.tensors[-1]["quantization"] = quantisation
        return name

    def add(self, kind: str, inputs: Sequence[str], output: str, beta: float | None = None) -> None:
        """An operator with one output; `kind` is its name, or its number as text."""
        names = [tensor["name"] for tensor in self.tensors]
        if kind not in self.codes:
            self.codes.append(kind)
        entry: dict[str, Any] = {
            "opcode": self.codes.index(kind),
            "inputs": [names.index(name) for name in inputs],
            "outputs": [names.index(output)],
        }
        if beta is not None:
            entry |= {"options_type": SOFTMAX_OPTIONS, "options": {"beta": beta}}
        self.operators.append(entry)

    def content(self, inputs: Sequence[str] = ("x",), outputs: Sequence[str] = ("y",)) -> bytes:
        """The file."""
        known = {name: number for number, name in load("tflite", "operators").NAMES.items()}
        numbers = [known[kind] if kind in known else int(kind) for kind in self.codes]
        names = [tensor["name"] for tensor in self.tensors]
        graph = {
            "tensors": self.tensors,
            "inputs": [names.index(name) for name in inputs],
            "outputs": [names.index(name) for name in outputs],
            "operators": self.operators,
        }
        model = {
            "version": 3,
            "operator_codes": [{"deprecated": min(number, 127), "code": number} for number in numbers],
            "subgraphs": [graph],
            "buffers": self.buffers,
        }
        plain = write_root(SCHEMA, "Model", model)
        # The identifier stands behind the root's offset; 8 bytes more keep every alignment.
        root = int.from_bytes(plain[:4], "little") + 8
        return root.to_bytes(4, "little") + b"TFL3" + bytes(4) + plain[4:]

    def write(self, path: Path, inputs: Sequence[str] = ("x",), outputs: Sequence[str] = ("y",)) -> Path:
        """Write the file; returns its path."""
        path.write_bytes(self.content(inputs, outputs))
        return path


def convolution(weight: np.ndarray, bias: np.ndarray, product: np.ndarray, *, halves: bool = False) -> SmallModel:
    """A convolution with [O, I, H, W] weights and its bias, then a product [I, O], as TFLite lays them out.

    With `halves` weight and bias are in FP16, each behind a DEQUANTIZE.
    """
    model = SmallModel()
    model.computed("x", (1, 8, 8, weight.shape[1]))
    model.computed("c", (1, 6, 6, weight.shape[0]))
    model.computed("y", (1, product.shape[1]))
    stored = {"w": np.ascontiguousarray(weight.transpose(0, 2, 3, 1)), "b": bias}
    for name, values in stored.items():
        if halves:
            model.constant(name, values.astype(np.float16))
            model.computed(f"{name}/wide", values.shape)
            model.add("DEQUANTIZE", [name], f"{name}/wide")
        else:
            model.constant(name, values)
    model.constant("p", product)
    suffix = "/wide" if halves else ""
    model.add("CONV_2D", ["x", f"w{suffix}", f"b{suffix}"], "c")
    model.add("BATCH_MATMUL", ["c", "p"], "y")
    return model
