"""Which golden samples an artifact's errors are judged on: all of them, and in INT8 the photos.

The steps of INT8's integers are chosen for what photos make of each layer, so that what goes beyond is cut off. Noise
goes beyond, and nobody sends it: an artifact that is right for every photo may be far off there (docs/precision.md).
"""

from collections.abc import Sequence

from edgekit.parity.verdict import Precision


def counted_samples(kinds: Sequence[str], precision: Precision) -> list[int]:
    """The places of those of `kinds` ("photo" or anything else) that count; all where there is no photo."""
    photos = [place for place, kind in enumerate(kinds) if kind == "photo"]
    return photos if precision == "int8" and photos else list(range(len(kinds)))
