"""Numpy arrays in, a verdict out: does an artifact still compute the same? Nothing here reads or writes a
file.

`edgekit.parity.judge` needs numpy and is imported where something is judged; what is exported here is plain
data.
"""

from edgekit.parity.tolerance import Tolerance
from edgekit.parity.verdict import ErrorFigures, Flip, OutputFigures, Verdict

__all__ = ["ErrorFigures", "Flip", "OutputFigures", "Tolerance", "Verdict"]
