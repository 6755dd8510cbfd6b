"""Which configuration is a model's: the one that is named, or the only one beside it."""

from pathlib import Path

import pytest

from edgekit.configuration import find_configuration
from edgekit.errors import UsageError

STEPS = "transform_ops: [{ResizeImage: {size: 64}}, {NormalizeImage: {mean: [0.5, 0.5, 0.5], order: ''}}]"
DEPLOYMENT = f"PreProcess: {{{STEPS}}}"
OTHER = DEPLOYMENT.replace("0.5, 0.5", "0.4, 0.5")


@pytest.fixture
def folder(tmp_path: Path):
    """A folder with files of the given names and contents."""

    def make(**files: str) -> Path:
        for name, content in files.items():
            (tmp_path / name.replace("__", ".")).write_text(content)
        return tmp_path

    return make


def test_none_is_none(folder):
    found = find_configuration(folder(readme__md="x", inference__json="{}"))
    assert (found.configuration, found.notes) == (None, ())


@pytest.mark.parametrize("name", ["inference__yml", "inference_cls__yaml", "my_training__YML"])
def test_the_only_one_is_followed_whatever_it_is_called(folder, name):
    found = find_configuration(folder(**{name: DEPLOYMENT}))
    assert found.configuration is not None
    assert found.configuration.size == (64, 64)


def test_other_yaml_is_named(folder):
    found = find_configuration(folder(inference__yml=DEPLOYMENT, compose__yaml="services: {}", pipeline__yml="a: 1"))
    assert found.configuration is not None
    (note,) = found.notes
    assert note.startswith("compose.yaml in ")
    assert note.endswith(" is no configuration that edgekit knows, and is not followed")


def test_what_macos_keeps_is_passed_over(folder):
    found = find_configuration(folder(**{"inference__yml": DEPLOYMENT, "._inference__yml": "\x00\x05\x16"}))
    assert found.notes == ()


def test_two_that_agree_are_one(folder):
    found = find_configuration(folder(a__yml=DEPLOYMENT, b__yml=f"# the same\n{DEPLOYMENT}"))
    assert found.configuration is not None
    assert found.configuration.path.name == "a.yml"


def test_two_that_do_not_agree_are_an_error(folder):
    root = folder(a__yml=DEPLOYMENT, b__yml=OTHER)
    with pytest.raises(UsageError, match=r"a\.yml and .*b\.yml say different things.* --config .*a\.yml"):
        find_configuration(root)
    found = find_configuration(root, str(root / "b.yml"))
    assert found.configuration is not None
    assert found.configuration.preprocessing["mean"] == (0.4, 0.5, 0.5)


def test_one_that_cannot_be_followed_is_an_error_unless_none_is_asked_for(folder):
    root = folder(inference__yml="PreProcess: {transform_ops: [{AutoAugment: }]}")
    with pytest.raises(UsageError, match="AutoAugment"):
        find_configuration(root)
    assert find_configuration(root, "none").configuration is None


def test_a_damaged_one_is_an_error(folder):
    with pytest.raises(UsageError, match=r"model\.yml is not YAML"):
        find_configuration(folder(model__yml="a: ["))


def test_a_named_one_must_be_one(folder):
    root = folder(compose__yaml="services: {}")
    with pytest.raises(UsageError, match=r"compose\.yaml is no configuration that edgekit knows\. edgekit reads"):
        find_configuration(root, str(root / "compose.yaml"))
    with pytest.raises(UsageError, match=r"there is no file .*absent\.yml"):
        find_configuration(root, str(root / "absent.yml"))


def test_the_names_of_a_named_one_may_lie_beside_the_model(folder, tmp_path):
    root = folder(my_label_list__txt="a\nb")
    (tmp_path / "elsewhere").mkdir()
    named = tmp_path / "elsewhere" / "c.yml"
    named.write_text(DEPLOYMENT + "\nPostProcess: {Topk: {class_id_map_file: x/my_label_list.txt}}")
    found = find_configuration(root, str(named))
    assert found.configuration is not None
    assert found.configuration.labels is not None
    assert found.configuration.labels.names == ("a", "b")
