"""What an ONNX graph needs before pnnx, one rewrite a file."""

from typing import Any

from edgeworker.rewrite import Rewrite
from onnx_graph import OnnxGraph

from .affine_rows import AffineRows
from .attention_bias import AttentionBias
from .contiguous_slices import ContiguousSlices
from .explicit_pad import ExplicitPad
from .explicit_pool_padding import ExplicitPoolPadding
from .explicit_split import ExplicitSplit
from .gather_as_slices import GatherAsSlices
from .images_as_depth import ImagesAsDepth
from .lower_rank import LowerRank
from .marked_batch import MarkedBatch
from .misread_shuffle import MisreadShuffle
from .planar_instance_norm import PlanarInstanceNorm
from .split_fused_projection import SplitFusedProjection
from .stepwise_transpose import StepwiseTranspose
from .sum_of_one_axis import SumOfOneAxis

REWRITES: list[Rewrite[OnnxGraph, Any]] = [
    ExplicitPoolPadding(),
    ExplicitPad(),
    MarkedBatch(),
    ImagesAsDepth(),
    SumOfOneAxis(),
    AffineRows(),
    PlanarInstanceNorm(),
    SplitFusedProjection(),
    AttentionBias(),
    GatherAsSlices(),
    ContiguousSlices(),
    ExplicitSplit(),
    MisreadShuffle(),
    StepwiseTranspose(),
    LowerRank(),
]
