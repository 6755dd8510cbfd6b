"""Damages OpenVINO IR a little, to show that verification sees it."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np


def scale_one_channel(xml: Path, weights: Path, factor: float = 1.01) -> str:
    """Multiply the weights of output channel 0 of the first convolution by `factor`, in the .bin alone.

    Returns the name of the Constant. Only FP32 IR: the bytes are those at the Constant's offset.
    """
    net = ElementTree.parse(xml).getroot()
    layers = {layer.get("id"): layer for layer in net.iter("layer")}
    convolution = next(layer for layer in layers.values() if layer.get("type") == "Convolution")
    edge = next(
        edge
        for edge in net.iter("edge")
        if edge.get("to-layer") == convolution.get("id") and edge.get("to-port") == "1"
    )
    constant = layers[edge.get("from-layer")]
    data = constant.find("data")
    assert data is not None
    assert constant.get("type") == "Const" and data.get("element_type") == "f32", "not the weights of FP32 IR"
    channels = int((data.get("shape") or "").split(",")[0])
    offset, size = int(data.get("offset") or 0), int(data.get("size") or 0)
    content = bytearray(weights.read_bytes())
    values = np.frombuffer(content, np.float32, count=size // 4 // channels, offset=offset)
    values *= np.float32(factor)
    weights.write_bytes(content)
    return constant.get("name") or ""
