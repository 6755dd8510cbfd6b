"""The size of a picture or of a model's input: height first, as in [N, C, H, W]."""

import re
from collections.abc import Sequence
from typing import Annotated, NamedTuple

from msgspec import Meta

Pixels = Annotated[int, Meta(ge=1, le=999_999)]
Sides = Pixels | Annotated[list[Pixels], Meta(min_length=2, max_length=2)]
"""A size as documents hold it: a square's side in pixels, or [height, width]."""


class Size(NamedTuple):
    """Height and width in pixels. As text "224" for a square, else "80x160", height first."""

    height: int
    width: int

    @classmethod
    def of(cls, value: "int | Sequence[int]") -> "Size":
        """From the side of a square, or from height and width. Raises ValueError for anything else."""
        if isinstance(value, int):
            return cls(value, value)
        if len(value) != 2:
            raise ValueError(f"{list(value)} is not a size: it is a side in pixels, or [height, width]")
        height, width = value
        return cls(int(height), int(width))

    @classmethod
    def parse(cls, text: str) -> "Size":
        """From text such as "224" or "80x160". Raises ValueError for anything else."""
        found = re.fullmatch(r"\s*(\d{1,6})\s*(?:[xX×]\s*(\d{1,6})\s*)?", text, re.ASCII)
        if found is None:
            raise ValueError(f"{text} is not a size: it is a side in pixels, or HEIGHTxWIDTH as in 80x160")
        return cls(int(found.group(1)), int(found.group(2) or found.group(1)))

    @property
    def is_square(self) -> bool:
        """Whether height and width are the same."""
        return self.height == self.width

    @property
    def short(self) -> "int | list[int]":
        """As files hold it where a square is meant to be one number: 224, or [80, 160]."""
        return self.height if self.is_square else [self.height, self.width]

    def __str__(self) -> str:
        return str(self.height) if self.is_square else f"{self.height}x{self.width}"
