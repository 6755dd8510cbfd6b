"""OpenVINO IR read as what it is, XML beside a flat file: which layers there are and what constants they read."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from edgeworker.refusal import Refusal

DTYPES = {
    "f64": "<f8", "f32": "<f4", "f16": "<f2", "i64": "<i8", "i32": "<i4", "i16": "<i2", "i8": "i1", "u64": "<u8",
    "u32": "<u4", "u16": "<u2", "u8": "u1", "boolean": "u1",
}  # fmt: skip

# Attributes that are written whether they are read or not, and the layer's mode that reads them.
NEEDS = {"cube_coeff": "cubic"}


@dataclass(frozen=True)
class Constant:
    """A constant: its layer's name, the layer that reads it, and its values, a view of the mapped file."""

    name: str
    reader: str
    values: np.ndarray


@dataclass(frozen=True)
class Numbers:
    """The floating-point numbers of one attribute of a layer."""

    layer: str
    type: str
    attribute: str
    values: list[float]


def numbers(xml: Path) -> Iterator[Numbers]:
    """Every attribute of a layer that holds a floating-point number: what is written as one, and not as an integer.

    Without those that the layer does not read.
    """
    for layer in parsed(xml).iter("layer"):
        data = layer.find("data")
        for attribute, text in {} if data is None else data.items():
            if data is not None and attribute in NEEDS and data.get("mode") != NEEDS[attribute]:
                continue
            try:
                values = [float(part) for part in text.split(",")]
            except ValueError:
                continue  # a word, such as a rounding's
            if not text.replace(",", "").replace(" ", "").replace("-", "").isdigit():
                yield Numbers(layer.get("name") or "", layer.get("type") or "", attribute, values)


def quantisations(xml: Path) -> dict[str, tuple[str, str]]:
    """The constants of integers that stand for weights -> the names of their scale and zero point, "" without one.

    They are widened by a Convert, a Subtract where there is a zero point, and a Multiply.
    """
    root = parsed(xml)
    layers = {layer.get("id"): layer for layer in root.iter("layer")}
    readers: dict[str | None, list[str | None]] = {}
    sources: dict[str | None, list[str | None]] = {}
    # By the port that they lead to: what is widened comes before what is taken from it.
    for edge in sorted(root.iter("edge"), key=lambda edge: int(edge.get("to-port") or 0)):
        readers.setdefault(edge.get("from-layer"), []).append(edge.get("to-layer"))
        sources.setdefault(edge.get("to-layer"), []).append(edge.get("from-layer"))
    names = {number: layer.get("name") or str(number) for number, layer in layers.items()}

    def reader(number: str | None, kind: str) -> str | None:
        return next((one for one in readers.get(number, []) if layers[one].get("type") == kind), None)

    def other(number: str | None, known: str | None) -> str:
        """The name of the constant that a layer reads beside what is known, looked for behind a Convert."""
        one = next((one for one in sources.get(number, []) if one != known), None)
        if one is not None and layers[one].get("type") == "Convert":
            one = next(iter(sources.get(one, [])), None)
        return names[one] if one is not None and layers[one].get("type") == "Const" else ""

    found = {}
    for number, layer in layers.items():
        data = layer.find("data")
        if layer.get("type") != "Const" or data is None or data.get("element_type") not in ("i8", "u8"):
            continue
        widened = reader(number, "Convert")
        shifted = reader(widened, "Subtract")
        scaled = reader(shifted or widened, "Multiply")
        if shifted and sources[shifted][0] != widened:
            continue  # it is itself a zero point
        if widened and scaled:
            scale, zero = other(scaled, shifted or widened), other(shifted, widened) if shifted else ""
            if scale:
                found[names[number]] = scale, zero
    return found


def parsed(xml: Path) -> ElementTree.Element:
    """The IR's description. Raises Refusal (input) for what is none."""
    try:
        return ElementTree.parse(xml).getroot()
    except ElementTree.ParseError as error:
        raise Refusal(f"{xml.name} is not OpenVINO IR: {error}", kind="input") from error


def constants(xml: Path, weights: Path) -> Iterator[Constant]:
    """Every constant of the IR. Raises Refusal (input) for a damaged one."""
    root = parsed(xml)
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
            if 0 in shape:  # nothing is stored, but for one byte
                continue
            if start < 0 or start + size > len(content):
                raise ValueError(f"its {size} bytes at {start} lie beyond the end of {weights.name}")
            values = np.frombuffer(content[start : start + size].data, dtype).reshape(shape)
        except (AssertionError, KeyError, ValueError) as error:
            raise Refusal(f"the constant {name} of {xml.name} cannot be read: {error}", kind="input") from error
        title = "no layer" if reader is None else f"{reader.get('type')} {reader.get('name')}"
        yield Constant(name, title, values)
