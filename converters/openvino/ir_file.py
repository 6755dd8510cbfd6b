"""OpenVINO IR read as what it is, XML beside a flat file: which layers there are and what constants they read."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from edgeworker.protocol import Refusal

DTYPES = {
    "f64": "<f8", "f32": "<f4", "f16": "<f2", "i64": "<i8", "i32": "<i4", "i16": "<i2", "i8": "i1", "u64": "<u8",
    "u32": "<u4", "u16": "<u2", "u8": "u1", "boolean": "u1",
}  # fmt: skip


@dataclass(frozen=True)
class Constant:
    """A constant: its layer's name, the layer that reads it, and its values, a view of the mapped file."""

    name: str
    reader: str
    values: np.ndarray


def constants(xml: Path, weights: Path) -> Iterator[Constant]:
    """Every constant of the IR. Raises Refusal (input) for a damaged one."""
    try:
        root = ElementTree.parse(xml).getroot()
    except ElementTree.ParseError as error:
        raise Refusal(f"{xml.name} is not OpenVINO IR: {error}", kind="input") from error
    content = np.memmap(weights, np.uint8, mode="r") if weights.stat().st_size else np.zeros(0, np.uint8)
    layers = {layer.get("id"): layer for layer in root.iter("layer")}
    readers = {edge.get("from-layer"): layers.get(edge.get("to-layer")) for edge in root.iter("edge")}
    for number, layer in layers.items():
        if layer.get("type") != "Const":
            continue
        data, reader = layer.find("data"), readers.get(number)
        name = layer.get("name") or str(number)
        try:
            assert data is not None
            dtype = np.dtype(DTYPES[str(data.get("element_type"))])
            start, size = int(str(data.get("offset"))), int(str(data.get("size")))
            shape = [int(extent) for extent in (data.get("shape") or "").split(",") if extent.strip()]
            if start < 0 or start + size > len(content):
                raise ValueError(f"its {size} bytes at {start} lie beyond the end of {weights.name}")
            values = np.frombuffer(content[start : start + size].data, dtype).reshape(shape)
        except (AssertionError, KeyError, ValueError) as error:
            raise Refusal(f"the constant {name} of {xml.name} cannot be read: {error}", kind="input") from error
        title = "no layer" if reader is None else f"{reader.get('type')} {reader.get('name')}"
        yield Constant(name, title, values)
