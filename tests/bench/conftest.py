"""The matrix's project of fake converters, two targets and every catalog model, serves the benchmarks too."""

from tests.matrix.conftest import project

__all__ = ["project"]
