from pathlib import Path

import pytest

from edgekit.bundled import bundled_folder
from edgekit.catalog import load_catalog
from edgekit.errors import UsageError
from edgekit.inputs import Preprocessing
from edgekit.pipeline.target import targets
from edgekit.recipe.load import load_recipe, merge, recipe_for


@pytest.mark.parametrize("path", sorted(bundled_folder("recipes").glob("*.toml")), ids=lambda path: path.stem)
def test_every_recipe_loads_and_names_real_targets_and_rewrites(path: Path) -> None:
    recipe = load_recipe(path)
    assert recipe.summary
    for name, target in recipe.targets.items():
        assert name in targets()
        folder = bundled_folder("converters") / name / "rewrites"
        for rewrite in target.rewrites:
            assert (folder / f"{rewrite.name.replace('-', '_')}.py").exists(), rewrite.name
            assert len(rewrite.reason) > 20


def test_every_family_has_a_recipe_of_its_own() -> None:
    for family in load_catalog().families:
        assert recipe_for(family).family == family


def test_a_family_stands_on_the_default() -> None:
    usual = load_recipe(bundled_folder("recipes") / "default.toml").targets
    for family in ("MixNet", "ResNet"):
        rewrites = {name: one.rewrites for name, one in recipe_for(family).targets.items()}
        assert {name: found for name, found in rewrites.items() if found or name in usual} == {
            name: one.rewrites for name, one in usual.items()
        }
    assert {name: one.speed for name, one in recipe_for("MixNet").targets.items() if name in usual} == {
        name: one.speed for name, one in usual.items()
    }


def test_limits_of_one_variant_leave_those_of_others() -> None:
    usual = load_recipe(bundled_folder("recipes") / "default.toml").targets["lite"].tolerances
    own = recipe_for("MixNet").targets["lite"].tolerances
    assert own[: len(usual)] == usual and [one.where for one in own[len(usual) :]] == [{"arithmetic": "fast"}]


def test_a_limit_for_the_same_takes_the_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'family = "MixNet"\n[[targets.lite.tolerances]]\nvariant = "x86"\nprecision = "int8-weights"\n'
        'max_relative = 1e-3\nmin_top1_agreement = 0.5\nreason = "mine"\n'
    )
    found = [one for one in load_recipe(path).variant_tolerances("lite", "int8-weights") if one.variant == "x86"]
    assert [one.reason for one in found] == ["mine"]


def test_what_the_schema_takes_for_granted_is_the_same_as_what_is_said(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'family = "MixNet"\n[[targets.mnn.tolerances]]\nvariant = ""\nprecision = "fp32"\n'
        'where = { exponentials = "estimated" }\nnoise_factor = 9.0\nreason = "mine"\n'
        '[[targets.lite.tolerances]]\nvariant = "ARM"\nwhere = {}\nnoise_factor = 9.0\nreason = "mine"\n'
    )
    recipe = load_recipe(path)
    assert [one.reason for one in recipe.variant_tolerances("mnn", "fp32")] == ["mine"]
    # Of one finding and of all are not the same.
    assert [one.noise_factor for one in recipe.variant_tolerances("lite", "fp32")] == [80.0, 9.0]


def test_limits_of_no_variant_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('family = "MixNet"\n[[targets.mnn.tolerances]]\nnoise_factor = 9.0\nreason = "mine"\n')
    with pytest.raises(UsageError, match="required field `variant`"):
        load_recipe(path)


def test_an_unknown_family_gets_the_default() -> None:
    assert recipe_for("Zebra").family == "default"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("family = 1", "Expected `str`, got `int`"),
        ('familly = "X"', "unknown field `familly`"),
        ('[[targets.onnx.speed]]\nname = "merge-mixed"\nreason = ""', "no such rewrite for speed"),
        ("[targets.ncnn]\nrewrite = []", r"unknown field `rewrite` - at `\$.targets"),
        ("[preprocessing]\ncrop = 300", "resize_short = 256 is smaller than crop = 300"),
        ("[tolerances.fp32]\nnoise_factor = 50", "needs a reason"),
        ("family = ", "is not TOML"),
    ],
)
def test_mistakes_name_the_file_and_the_key(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message) as caught:
        load_recipe(path)
    assert str(path) in caught.value.message


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('family = "X"\nsummry = "y"\n', 2, "unknown field `summry`"),
        ('family = "X"\n\n[preprocessing]\ncrop = "big"\n', 4, "Expected `int | array`, got `str`"),
        ("[targets.nccn]\n", 1, "no such target. Did you mean ncnn?"),
        (
            '[[targets.lite.rewrites]]\nname = "swich-beta"\nreason = "x"\n',
            2,
            "no such rewrite of lite. Did you mean swish-beta?",
        ),
    ],
)
def test_mistakes_name_the_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        load_recipe(path)
    assert f"mine.toml:{line}" in caught.value.message
    assert message in str(caught.value)


def test_merging_goes_table_by_table_and_changes_nothing() -> None:
    base = {"a": {"x": 1, "y": [1, 2]}, "b": 1}
    assert merge(base, {"a": {"y": [3]}, "c": 2}) == {"a": {"x": 1, "y": [3]}, "b": 1, "c": 2}
    assert base == {"a": {"x": 1, "y": [1, 2]}, "b": 1}


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ('resize = "stretch"\nresize_short = 300\n', "resize_short"),
        ('resize = "letterbox"\nresize_to = [80, 160]\n', "resize_to"),
        ("pad_value = 3\n", "pad_value"),
    ],
)
def test_what_a_recipe_says_in_vain_is_named(tmp_path: Path, lines: str, key: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"[preprocessing]\n{lines}")
    with pytest.raises(UsageError, match=rf"mine.toml:\d+ says {key}, which resize = \w+ does not use"):
        load_recipe(path)


def test_a_recipe_stretches_to_its_crop(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[preprocessing]\nresize = "stretch"\ncrop = [80, 160]\nchannel_order = "BGR"\n')
    assert load_recipe(path).preprocessing == Preprocessing(resize="stretch", crop=(80, 160), channel_order="BGR")
