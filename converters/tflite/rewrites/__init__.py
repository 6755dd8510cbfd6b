"""The rewrites of the ONNX graph before onnx2tf."""

from .flat_products import FlatProducts

REWRITES = [FlatProducts()]
