"""Which models the command line means, and what it says of those that cannot be."""

from pathlib import Path

import pytest

from edgekit.cli.app import run


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Two folders of one name, each with files called like a model's."""
    for parent in ("a", "b"):
        folder = tmp_path / parent / "net"
        folder.mkdir(parents=True)
        for name in ("inference.pdmodel", "inference.pdiparams"):
            (folder / name).write_bytes(b"0123")
    return tmp_path


def complaint(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    status = run(["convert", *map(str, arguments), "--target", "onnx"])
    captured = capsys.readouterr()
    assert captured.out == ""
    return status, captured.err.strip()


def test_two_models_of_one_name_would_overwrite_each_other(folders, cache, capsys) -> None:
    status, said = complaint(capsys, folders / "a" / "net", folders / "b" / "net")
    assert (status, said) == (
        2, "edgekit: two of the models are called net. Convert them one at a time, with --name.",
    )  # fmt: skip


def test_a_folder_has_its_weights(folders, cache, capsys) -> None:
    status, said = complaint(capsys, folders / "a" / "net", "--weights", "synthetic:0")
    assert status == 2
    assert "is a model with its parameters, and --weights synthetic:0 asks for others" in said


def test_a_folder_s_names_need_no_prefix(folders, cache, capsys) -> None:
    status, said = complaint(capsys, folders / "a" / "net", "--weights-prefix", "Student.")
    assert status == 2
    assert "is a model with its parameters, and --weights-prefix asks for others" in said


def test_an_absent_configuration_and_an_absent_list_are_named(folders, cache, capsys) -> None:
    for flag in ("--config", "--labels"):
        status, said = complaint(capsys, folders / "a" / "net", flag, folders / "absent")
        assert (status, said) == (2, f"edgekit: there is no file {folders / 'absent'}")


def test_a_name_is_for_one_folder(folders, cache, capsys) -> None:
    assert complaint(capsys, "MixNet_S", "--name", "mine", "--weights", "demo") == (
        2, "edgekit: --name is for a model from a folder, and MixNet_S has one. Leave it out.",
    )  # fmt: skip
    status, said = complaint(capsys, folders / "a" / "net", "MixNet_S", "--name", "mine")
    assert status == 2
    assert "--name gives one model a name, and 2 are named" in said


@pytest.mark.parametrize("batch", ["0", "-1", "many", "4.0", "99999"])
def test_an_impossible_batch_is_named(cache, capsys, batch) -> None:
    assert complaint(capsys, "MixNet_S", f"--batch={batch}") == (
        2, f"edgekit: --batch {batch} is impossible. Give a number from 1 up, or dynamic.",
    )  # fmt: skip


@pytest.mark.parametrize("value", ["0.5,0.5", "a,b,c", "1,2,3,4,5", ""])
def test_an_impossible_mean_is_named(cache, capsys, value) -> None:
    status, said = complaint(capsys, "MixNet_S", f"--mean={value}")
    assert status == 2
    assert said.startswith(f"edgekit: --mean {value} is not a number for each channel")


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--input-size=80x"], "--input-size 80x is not a size. Give a side in pixels, as in 224, or HEIGHTxWIDTH"),
        (["--input-size=9x80"], "an input size of 9x80 px is out of range"),
        (["--input-size=80x2000"], "an input size of 80x2000 px is out of range"),
        (["--resize", "stretch", "--resize-short", "80"], "--resize stretch leaves no use for --resize-short 80"),
        (["--mean=1,2,3,4"], "mean = [1.0, 2.0, 3.0, 4.0] is not one value for each of the 3 channels"),
        (["--channel-order", "GRAY"], "is not one value for each of the 1 channels of channel_order = GRAY"),
        (["--divide-by=0"], "divide_by = 0.0 has a value that is not positive"),
        (["--resize-short", "50"], "resize_short = 50 is smaller than crop = 64"),
    ],
)
def test_what_cannot_be_said_of_preprocessing_is_named(cache, capsys, flags, sentence) -> None:
    status, said = complaint(capsys, "MixNet_S", "--weights", "demo", *flags)
    assert status == 2
    assert sentence in said


def test_an_absent_recipe_is_named(cache, capsys, tmp_path) -> None:
    status, said = complaint(capsys, "MixNet_S", "--weights", "demo", "--recipe", tmp_path / "none.toml")
    assert (status, said) == (2, f"edgekit: there is no recipe {tmp_path / 'none.toml'}")


def test_a_recipe_s_mistake_is_named_with_its_line(cache, capsys, tmp_path) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text('summary = "mine"\n\n[[targets.ncnn.rewrites]]\nname = "explicit-pol-padding"\nreason = "x"\n')
    status, said = complaint(capsys, "MixNet_S", "--weights", "demo", "--recipe", recipe)
    assert status == 2
    assert f"the recipe {recipe}:4 names explicit-pol-padding" in said
    assert "Did you mean explicit-pool-padding?" in said


def test_a_folder_in_this_one_is_found_by_its_name(folders, cache, capsys, monkeypatch) -> None:
    monkeypatch.chdir(folders / "a")
    (folders / "a" / "net" / "inference.pdiparams").unlink()
    status, said = complaint(capsys, "net")
    assert status == 2
    assert "net/inference.pdmodel has no inference.pdiparams beside it" in said


def test_a_catalog_s_name_means_the_catalog_s_model(folders, cache, capsys, monkeypatch) -> None:
    (folders / "mixnet_s").mkdir()
    monkeypatch.chdir(folders)
    status, said = complaint(capsys, "mixnet_s", "--weights", "nowhere.pdparams")
    assert (status, said.startswith("edgekit: there are no weights at nowhere.pdparams")) == (2, True)
