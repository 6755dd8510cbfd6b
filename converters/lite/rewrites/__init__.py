"""The repairs that Paddle 2.6's programs need before Paddle Lite's `opt` can read them, in order."""

from typing import Any

from edgeworker.rewrite import Rewrite

from .declare_xshape import DeclareXShape
from .swish_beta import SwishBeta

REWRITES: tuple[Rewrite[Any, Any], ...] = (SwishBeta(), DeclareXShape())
