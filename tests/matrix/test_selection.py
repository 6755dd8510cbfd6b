import pytest

from edgekit.catalog import load_catalog
from edgekit.errors import UsageError
from edgekit.matrix.selection import select_models


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ("ResNet18", ["ResNet18"]),
        ("resnet18, mixnet-s", ["MixNet_S", "ResNet18"]),
        ("MixNet_?", ["MixNet_S", "MixNet_M", "MixNet_L"]),
        ("alt_gvt*,ALT_GVT_small", ["alt_gvt_small", "alt_gvt_base", "alt_gvt_large"]),
        ("ResNet[13]*_vd", ["ResNet18_vd", "ResNet34_vd", "ResNet101_vd", "ResNet152_vd"]),
    ],
)
def test_patterns(patterns: str, expected: list[str]) -> None:
    assert [model.name for model in select_models(patterns, load_catalog())] == expected


def test_all() -> None:
    assert len(select_models("*", load_catalog())) == 47


@pytest.mark.parametrize(
    ("patterns", "near"), [("MixNet_Q*", "MixNet_S"), ("ResNet18,HRNet_W64", "HRNet_W64_C"), (" , ", "edgekit models")]
)
def test_what_matches_nothing_is_a_usage_error_with_near_names(patterns: str, near: str) -> None:
    with pytest.raises(UsageError) as caught:
        select_models(patterns, load_catalog())
    assert near in str(caught.value)
