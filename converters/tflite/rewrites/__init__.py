"""The rewrites of the ONNX graph before onnx2tf."""

from .batch_norm_factors import BatchNormFactors
from .flat_products import FlatProducts

REWRITES = [FlatProducts(), BatchNormFactors()]
