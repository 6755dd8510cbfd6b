"""The repairs that Paddle 2.6's programs need before Paddle Lite's `opt` can read them, in order.

Those with `only = "arm"` go around kernels of ARM, and are for its file alone.
"""

from typing import Any

from edgeworker.rewrite import Rewrite

from .declare_statistics import DeclareStatistics
from .declare_xshape import DeclareXShape
from .exact_division import ExactDivision
from .exact_sigmoid import ExactSigmoid
from .exact_softmax import ExactSoftmax
from .lower_reduction_rank import LowerReductionRank
from .pow_as_product import PowAsProduct
from .shared_matrix_product import SharedMatrixProduct
from .sum_as_additions import SumAsAdditions
from .swish_beta import SwishBeta

REWRITES: tuple[Rewrite[Any, Any], ...] = (
    SwishBeta(),
    PowAsProduct(),
    LowerReductionRank(),
    SumAsAdditions(),
    SharedMatrixProduct(),
    ExactSigmoid(),
    ExactSoftmax(),
    ExactDivision(),
    DeclareStatistics(),
    DeclareXShape(),
)
