"""The rewrites of the ONNX graph before onnx2tf."""

from rewrites.flat_products import FlatProducts

REWRITES = [FlatProducts()]
