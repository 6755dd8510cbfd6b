"""Pictures that edgekit makes for calibration, for who has no photos at hand: nobody holds rights in them.

They are "dead leaves": discs of all sizes that hide each other, each of one colour with shading and grain. Such
pictures have the statistics of photos (edges, flat parts, a 1/f spectrum at all scales): A. Lee, D. Mumford, J. Huang,
"Occlusion models for natural images", IJCV 41 (2001); networks learn useful features from them (M. Baradad et al.,
"Learning to see by looking at noise", NeurIPS 2021).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

COUNT = 128
LEAVES = 220
SMALLEST, LARGEST = 0.02, 0.6  # radii, as shares of the side


def made_picture(index: int, side: int) -> "np.ndarray":
    """The picture of that number: uint8 [side, side, 3], the same on every machine with the same numpy."""
    import numpy as np

    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([7, index])))
    picture = np.empty((side, side, 3), np.float64)
    picture[:] = _colour(random)
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float64) / side
    # Radii r with a density of r^-3, between two limits: the one law that looks the same at every distance.
    shares = random.random(LEAVES)
    radii = 1 / np.sqrt(1 / LARGEST**2 + shares * (1 / SMALLEST**2 - 1 / LARGEST**2))
    for radius in radii:
        down, across = random.random(2) * 1.2 - 0.1
        colour, slope = _colour(random), random.normal(0, 60, 2)
        top, bottom, left, right = (
            int(np.clip(edge * side, 0, side))
            for edge in (down - radius, down + radius + 1, across - radius, across + radius + 1)
        )
        near_rows, near_columns = rows[top:bottom, left:right] - down, columns[top:bottom, left:right] - across
        inside = near_rows**2 + near_columns**2 <= radius**2
        shading = (near_rows * slope[0] + near_columns * slope[1])[:, :, None] + colour
        picture[top:bottom, left:right][inside] = shading[inside]
    picture += random.normal(0, 6, (side, side, 1))
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def _colour(random: "np.random.Generator") -> "np.ndarray":
    """A colour as photos have them: any brightness, mostly muted: float64 [3]."""
    return random.uniform(0, 255) + random.normal(0, 28, 3)
