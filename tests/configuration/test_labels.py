"""The names of classes: how lists are written, and which of them a configuration means."""

from pathlib import Path
from typing import Any

import pytest

from edgekit.configuration.labels import IMAGENET, bundled_labels, labels_behind, read_labels
from edgekit.configuration.options import NotFollowed
from edgekit.errors import UsageError


@pytest.fixture
def read(tmp_path):
    """The names in a file of the given content."""

    def reads(content, name="labels.txt"):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return read_labels(path).names

    return reads


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("cat\ndog\n", ("cat", "dog")),
        ("0 tench, Tinca tinca\n1 great white shark\n", ("tench, Tinca tinca", "great white shark")),
        ("1 dog\n0 cat\n", ("cat", "dog")),
        ("0\tcat\r\n1\tdog\r\n", ("cat", "dog")),
        ("0: cat\n1: dog", ("cat", "dog")),
        ("0,cat\n1,dog", ("cat", "dog")),
        ("0 0\n1 90\n2 180", ("0", "90", "180")),
        ("0\n1\n2\n", ("0", "1", "2")),  # digits are the names of MNIST's classes
        ("2 doors\nno door\n", ("2 doors", "no door")),
        ("花\n树\n\n", ("花", "树")),
        ('["cat", "dog"]', ("cat", "dog")),
        ('{"1": "dog", "0": "cat"}', ("cat", "dog")),
        ("[sic]\nother", ("[sic]", "other")),
        ("a\u2028b\nc\x1b[31m", ("a?b", "c?[31m")),
    ],
)
def test_how_lists_are_written(read, content, names):
    assert read(content) == names


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "names no class"),
        ("a\n\nb", r"line 2 of .*labels\.txt is empty"),
        ("1 a\n2 b", "numbers its 2 classes, and the number 0 is missing"),
        ("0 a\n0 b", "the number 1 is missing"),
        ("0 a\n2 b", "the number 1 is missing"),
        ("[1, 2]", "is no list of names"),
        ("[]", "is no list of names"),
        ('{"0": "a", "2": "b"}', "is no list of names"),
        ('{"a": "b"}', "is no list of names"),
    ],
)
def test_what_is_no_list_is_named(read, content, sentence):
    with pytest.raises(UsageError, match=sentence):
        read(content)


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"there is no file .*none\.txt"):
        read_labels(tmp_path / "none.txt")


def test_imagenet_s_names():
    labels = bundled_labels(IMAGENET)
    assert labels is not None
    assert len(labels.names) == 1000
    assert [labels.names[number] for number in (0, 281, 999)] == [
        "tench, Tinca tinca", "tabby, tabby cat", "toilet tissue, toilet paper, bathroom tissue",
    ]  # fmt: skip
    assert labels.assumed


@pytest.mark.parametrize(("name", "count"), [("pedestrian_attribute", 26), ("vehicle_attribute", 19)])
def test_the_attributes_are_as_many_as_paddleclas_reads(name, count):
    labels = bundled_labels(f"{name}_label_list.txt")
    assert labels is not None
    assert len(labels.names) == count


def test_only_a_plain_name_is_looked_for():
    assert bundled_labels("../labels/imagenet1k_label_list.txt") is None
    assert bundled_labels("LICENSES.txt") is None


def behind(post: dict, folder: Path) -> Any:
    """The names, and the notes."""
    return labels_behind(post, "inference.yml", [folder])


def test_a_list_beside_the_configuration_counts_more_than_paddleclas_s(tmp_path):
    post = {"Topk": {"class_id_map_file": "..\\ppcls/utils/imagenet1k_label_list.txt"}}
    found, notes = behind(post, tmp_path)
    assert (len(found.names), found.assumed, notes) == (1000, True, [])
    (tmp_path / "imagenet1k_label_list.txt").write_text("0 cat\n1 dog\n")
    found, _ = behind(post, tmp_path)
    assert (found.names, found.assumed) == (("cat", "dog"), False)


def test_a_configuration_reads_no_file_elsewhere(tmp_path):
    (tmp_path / "secret.txt").write_text("one\ntwo")
    (tmp_path / "model").mkdir()
    found, notes = behind({"Topk": {"class_id_map_file": str(tmp_path / "secret.txt")}}, tmp_path / "model")
    assert found is None
    assert "which is not beside it; --labels FILE gives them" in notes[0]


def test_the_steps_behind_a_model_name_its_classes(tmp_path):
    assert behind({"ThreshOutput": {"threshold": 0.5, "label_0": "no", "label_1": "yes"}}, tmp_path)[0].names == (
        "no", "yes",
    )  # fmt: skip
    assert behind({"MultiLabelThreshOutput": {"label_list": ["a", "b"]}}, tmp_path)[0].names == ("a", "b")
    assert len(behind({"PersonAttribute": {"threshold": 0.5}}, tmp_path)[0].names) == 26
    assert len(behind({"TableAttribute": {}}, tmp_path)[0].names) == 6
    assert behind({"main_indicator": {}, "SavePreLabel": {}, "ScoreOutput": {}}, tmp_path) == (None, [])
    found, notes = behind({"FaceAttribute": {}}, tmp_path)
    assert found is None
    assert notes[0].startswith("ends in FaceAttribute, whose names of classes edgekit does not know")


@pytest.mark.parametrize("listed", [5, "cat", [["a"]], {"a": 1}])
def test_what_is_listed_is_names(listed, tmp_path):
    with pytest.raises(NotFollowed, match="names of classes are"):
        behind({"Topk": {"label_list": listed}}, tmp_path)
