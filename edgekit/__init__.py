"""edgekit takes a trained PaddleClas classifier to the edge and proves that it still computes the same thing."""

__version__ = "0.2.0"
