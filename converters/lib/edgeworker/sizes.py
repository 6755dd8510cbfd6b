"""Sizes of images in a worker's options: one side of a square, or [height, width], in pixels."""

from typing import Any

from edgeworker.refusal import Refusal


def size_option(value: Any) -> tuple[int, int]:
    """Height and width. Raises Refusal (input) for what is no size."""
    sides = list(value) if isinstance(value, list | tuple) else [value, value]
    if len(sides) != 2 or not all(isinstance(side, int) and side > 0 for side in sides):
        raise Refusal(f"the input size {value} is not a number of pixels, nor [height, width]", kind="input")
    return sides[0], sides[1]


def fixed_size(declared: tuple[int, ...], asked: Any, usual: Any) -> tuple[int, int]:
    """Height and width of an input that a program declares as such, -1 where it leaves a side open.

    What the program fixes is kept; an open side is what is `asked` for, else what is `usual`, both of them size
    options. Where the program fixes one side and a square is usual, it becomes a square of that side. Raises Refusal
    (input) where another size is asked for than the program fixes.
    """
    fixed = [side for side in declared if side > 0]
    if asked is None:
        wanted = size_option(usual)
        if fixed and wanted[0] == wanted[1]:
            wanted = (fixed[0], fixed[0])
    else:
        wanted = size_option(asked)
        if any(side > 0 and side != other for side, other in zip(declared, wanted, strict=True)):
            sides = " x ".join("any" if side < 1 else str(side) for side in declared)
            raise Refusal(
                f"the program was exported for images of {sides} px, and {wanted[0]} x {wanted[1]} are asked for",
                "Leave --input-size away, or export the model again for that size",
                kind="input",
            )
    height, width = (other if side < 1 else side for side, other in zip(declared, wanted, strict=True))
    return height, width
