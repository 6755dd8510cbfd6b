"""What an ONNX graph needs before pnnx, one rewrite a file."""

from typing import Any

from edgeworker.rewrite import Rewrite
from onnx_graph import OnnxGraph

from .explicit_pool_padding import ExplicitPoolPadding
from .lower_rank import LowerRank
from .split_fused_projection import SplitFusedProjection

REWRITES: list[Rewrite[OnnxGraph, Any]] = [ExplicitPoolPadding(), SplitFusedProjection(), LowerRank()]
