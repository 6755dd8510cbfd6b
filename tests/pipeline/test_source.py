"""What is converted: sizes, preprocessing and names of catalog models and of programs from elsewhere."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from edgekit.catalog import load_catalog
from edgekit.errors import UsageError
from edgekit.inputs import Preprocessing
from edgekit.inputs.size import Size
from edgekit.pipeline.source import catalog_source, folder_name, program_source
from edgekit.weights import resolve_weights


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose files have the names of a model; what is in them is not looked at here."""
    path = tmp_path / "my net"
    path.mkdir()
    for name in ("inference.pdmodel", "inference.pdiparams"):
        (path / name).write_bytes(b"0123")
    return path


def catalog(name: str, cache: Path, **options):
    model = load_catalog().find(name)
    return catalog_source(model, resolve_weights(model, "synthetic:0", cache), **options)


def test_a_model_s_own_size_replaces_the_recipe_s(cache: Path, tmp_path: Path) -> None:
    assert catalog("Fix_ResNet50_vd_ssld_v2", cache).preprocessing.input_size == (320, 320)
    recipe = tmp_path / "mine.toml"
    recipe.write_text("[preprocessing]\nmean = [0.5, 0.5, 0.5]\n")
    mine = catalog("Fix_ResNet50_vd_ssld_v2", cache, recipe_file=recipe).preprocessing
    assert (mine.input_size, mine.resize_short, mine.mean) == ((320, 320), 320, (0.5, 0.5, 0.5))


def test_a_recipe_that_names_sizes_means_them(cache: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text("[preprocessing]\ncrop = 224\nresize_short = 240\n")
    assert catalog("ResNet18", cache, recipe_file=recipe).preprocessing.resize_short == 240


def test_a_recipe_of_ones_own_stands_on_the_family_s(cache: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "default.toml"  # a name that means nothing elsewhere
    recipe.write_text('summary = "mine"\n')
    source = catalog("alt_gvt_small", cache, recipe_file=recipe)
    assert source.recipe.summary == "mine"
    assert source.recipe.preprocessing.resize_backend == "pillow"


def test_flags_count_more_than_the_recipe(cache: Path) -> None:
    changes = {"resize_short": 100, "std": [1.0, 1.0, 1.0]}
    preprocessing = catalog("ResNet18", cache, input_size=96, changes=changes).preprocessing
    assert (preprocessing.input_size, preprocessing.resize_short, preprocessing.std) == ((96, 96), 100, (1.0, 1.0, 1.0))


def test_a_program_is_called_as_its_folder(folder: Path, cache: Path) -> None:
    source = program_source(folder, cache)
    assert (source.name, source.parameters, source.weights.kind) == ("my_net", 1, "program")
    assert program_source(folder, cache, name="flowers").name == "flowers"


def test_a_program_s_file_may_name_it(folder: Path, cache: Path) -> None:
    for ending in (".pdmodel", ".pdiparams"):
        (folder / f"inference{ending}").rename(folder / f"flowers{ending}")
    assert program_source(folder, cache).name == "flowers"


def test_a_program_s_family_is_its_recipe_s(folder: Path, cache: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text('family = "Twins"\n')
    source = program_source(folder, cache, recipe_file=recipe)
    assert source.family == "Twins"
    assert source.recipe.preprocessing.resize_backend == "pillow"


def test_the_configuration_beside_a_program_is_followed(folder: Path, cache: Path) -> None:
    text = "PreProcess: {transform_ops: [{ResizeImage: {resize_short: 80}}, {CropImage: {size: 64}}]}"
    (folder / "inference.yml").write_text(text)
    source = program_source(folder, cache)
    assert source.usual_size == (64, 64)
    followed = source.preprocessing_at(Size.of(64))
    assert (followed.input_size, followed.resize_short) == ((64, 64), 80)
    with pytest.raises(UsageError, match=r"prepares images of 64 px, and .* takes 96 px"):
        source.preprocessing_at(Size.of(96))
    asked = program_source(folder, cache, input_size=96).preprocessing_at(Size.of(96))
    assert (asked.input_size, asked.resize_short) == ((96, 96), 120)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"batch": 0}, "a batch of 0 is impossible"),
        ({"input_size": 15}, "an input size of 15 px is out of range"),
        ({"input_size": 224, "changes": {"resize_short": 100}}, "resize_short = 100 is smaller than crop = 224"),
        ({"changes": {"std": [0.0, 1.0, 1.0]}}, "the preprocessing asked for is impossible"),
        ({"name": "../.."}, "cannot be a folder's name"),
    ],
)
def test_what_is_impossible_is_said_before_anything_runs(folder: Path, cache: Path, options, sentence) -> None:
    with pytest.raises(UsageError, match=sentence):
        program_source(folder, cache, **options)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("花卉分类", "花卉分类"),
        ("Klasifikátor č. 1", "Klasifikátor_č._1"),
        ("Klasifika\u0301tor", "Klasifikátor"),  # as macOS writes it, in two characters
        ("हिन्दी", "हिन्दी"),
        ("a b  c/d", "a_b_c_d"),
        ("..evil$(rm)", "evil_rm"),
        ("tab\tand\udcff", "tab_and"),
    ],
)
def test_names_of_any_script_are_kept(name: str, kept: str) -> None:
    assert folder_name(name) == kept


@pytest.mark.parametrize(("name", "said"), [("///", "cannot be a folder's name"), ("类" * 67, "is too long")])
def test_what_no_file_can_be_called_is_refused(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        folder_name(name)


def test_a_model_of_the_catalog_at_a_size_that_is_no_square(cache: Path) -> None:
    source = catalog("ResNet18", cache, input_size=Size(80, 160))
    assert source.input_size == (80, 160)
    assert source.preprocessing == Preprocessing(crop=(80, 160), resize_short=183)


def test_flags_stretch_and_pad(cache: Path, folder: Path) -> None:
    stretched = catalog("ResNet18", cache, input_size=Size(80, 160), changes={"resize": "stretch"}).preprocessing
    assert stretched == Preprocessing(resize="stretch", crop=(80, 160))
    padded = program_source(folder, cache, changes={"resize": "letterbox"}).preprocessing_at(Size(80, 160))
    assert padded == Preprocessing(resize="letterbox", crop=(80, 160))


def test_a_recipe_of_one_s_own_says_how_photos_are_prepared(cache: Path, folder: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text('[preprocessing]\nresize = "stretch"\ncrop = [80, 160]\n')
    source = program_source(folder, cache, recipe_file=recipe)
    assert (source.usual_size, source.usual_channels) == ((80, 160), 3)
    assert source.preprocessing_at(Size(80, 160)) == Preprocessing(resize="stretch", crop=(80, 160))


def test_channels_follow_what_is_said(cache: Path, folder: Path) -> None:
    grey = program_source(folder, cache, changes={"channel_order": "GRAY", "mean": 0.5, "std": 0.5})
    assert grey.usual_channels == 1
    assert grey.preprocessing_at(Size.of(28), 1).channel_order == "GRAY"
    with pytest.raises(UsageError, match=r"takes 3 channels, and photos are prepared with 1 \(GRAY\)"):
        grey.preprocessing_at(Size.of(28), 3)
    with pytest.raises(UsageError, match="takes 1 channel, and photos are prepared with 3") as error:
        program_source(folder, cache).preprocessing_at(Size.of(28), 1)
    assert "--channel-order GRAY --mean 0.5 --std 0.5" in error.value.remedy


def test_a_short_side_for_a_size_that_only_the_program_knows(cache: Path, folder: Path) -> None:
    """72 px are too few for the recipe's 224, and right for the 64 that the program fixes."""
    source = program_source(folder, cache, changes={"resize": "short", "resize_short": 72})
    assert source.preprocessing_at(Size.of(64)) == replace(Preprocessing(), crop=64, resize_short=72)
