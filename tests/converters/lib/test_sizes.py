"""Sizes in a worker's options, and what a program leaves to them."""

import pytest
from edgeworker.refusal import Refusal
from edgeworker.sizes import fixed_size, size_option


def test_a_size_is_a_side_or_height_and_width() -> None:
    assert (size_option(64), size_option([80, 160])) == ((64, 64), (80, 160))


@pytest.mark.parametrize("value", [0, -1, 64.0, "64", [64], [80, 160, 3], [80, 0], None])
def test_anything_else_is_refused(value) -> None:
    with pytest.raises(Refusal, match="is not a number of pixels"):
        size_option(value)


@pytest.mark.parametrize(
    ("declared", "asked", "usual", "expected"),
    [
        ((-1, -1), None, 224, (224, 224)),
        ((-1, -1), None, [80, 160], (80, 160)),
        ((-1, -1), [80, 160], 224, (80, 160)),
        ((64, 64), None, 224, (64, 64)),
        ((80, 160), None, 224, (80, 160)),
        ((80, 160), [80, 160], 224, (80, 160)),
        ((48, -1), None, 224, (48, 48)),
        ((-1, 48), None, 224, (48, 48)),
        ((48, -1), None, [48, 320], (48, 320)),
        ((48, -1), [48, 192], 224, (48, 192)),
    ],
)
def test_what_a_program_fixes_is_kept(declared, asked, usual, expected) -> None:
    assert fixed_size(declared, asked, usual) == expected


@pytest.mark.parametrize(("declared", "asked"), [((64, 64), 96), ((48, -1), [64, 64]), ((80, 160), [160, 80])])
def test_what_a_program_fixes_is_never_overridden(declared, asked) -> None:
    with pytest.raises(Refusal, match=r"was exported for images of .* px, and \d+ x \d+ are asked for"):
        fixed_size(declared, asked, 224)
