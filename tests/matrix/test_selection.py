import pytest

from edgekit.catalog import load_catalog
from edgekit.errors import UsageError
from edgekit.matrix.selection import one_of_each_family, select_models


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
    assert len(select_models("*", load_catalog())) == 395


def test_breadth_is_the_documented_models_and_the_smallest_of_every_other_family() -> None:
    catalog = load_catalog()
    chosen = one_of_each_family(catalog)
    assert chosen[:47] == list(catalog.models)
    others = chosen[47:]
    families = [model.family for model in others]
    assert len(families) == len(set(families)) == len(catalog.all_families) - len(catalog.families)
    assert {"PPLCNet_x0_25", "TinyNet_E", "SqueezeNet1_1", "PP-ShiTuV2_rec"} <= {model.name for model in others}
    # One that cannot be run stands for a family only where none can.
    assert {model.family for model in others if model.unsupported} == {"SwinTransformerV2", "EVA"}


@pytest.mark.parametrize(
    ("patterns", "near"), [("MixNet_Q*", "MixNet_S"), ("ResNet18,HRNet_W64", "HRNet_W64_C"), (" , ", "edgekit models")]
)
def test_what_matches_nothing_is_a_usage_error_with_near_names(patterns: str, near: str) -> None:
    with pytest.raises(UsageError) as caught:
        select_models(patterns, load_catalog())
    assert near in str(caught.value)
