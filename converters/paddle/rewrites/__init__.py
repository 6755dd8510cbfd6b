"""Rewrites of a Paddle program that more than one target needs, in order."""

from typing import Any

from edgeworker.paddle_graph import ProgramGraph
from edgeworker.rewrite import Rewrite

from .affine_batch_norm import AffineBatchNorm
from .fold_constants import FoldConstants
from .plain_fold import PlainFold
from .plain_set_value import PlainSetValue
from .plain_unbind import PlainUnbind
from .plain_unfold import PlainUnfold

REWRITES: tuple[Rewrite[ProgramGraph, Any], ...] = (
    FoldConstants(),
    AffineBatchNorm(),
    PlainSetValue(),
    PlainUnbind(),
    PlainUnfold(),
    PlainFold(),
)
