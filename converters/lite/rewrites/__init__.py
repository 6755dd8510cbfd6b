"""The repairs that Paddle 2.6's programs need before Paddle Lite's `opt` can read them, in order."""

from typing import Any

from edgeworker.rewrite import Rewrite

from .declare_xshape import DeclareXShape
from .lower_reduction_rank import LowerReductionRank
from .pow_as_product import PowAsProduct
from .relu6_threshold import Relu6Threshold
from .swish_beta import SwishBeta

REWRITES: tuple[Rewrite[Any, Any], ...] = (
    SwishBeta(),
    Relu6Threshold(),
    PowAsProduct(),
    LowerReductionRank(),
    DeclareXShape(),
)
