"""The repairs that Paddle 2.6's programs need before Paddle Lite's `opt` can read them, in order."""

from typing import Any

from edgeworker.rewrite import Rewrite

from .declare_xshape import DeclareXShape
from .lower_reduction_rank import LowerReductionRank
from .pow_as_product import PowAsProduct
from .swish_beta import SwishBeta

REWRITES: tuple[Rewrite[Any, Any], ...] = (SwishBeta(), PowAsProduct(), LowerReductionRank(), DeclareXShape())
