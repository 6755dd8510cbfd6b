"""What is known of a model besides its network: configurations and names of classes, and who decides."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from edgekit.catalog import load_catalog
from edgekit.configuration.labels import Labels
from edgekit.errors import UsageError
from edgekit.pipeline.description import describe_program, describe_weights
from edgekit.pipeline.source import published_names
from edgekit.weights import ResolvedWeights, resolve_weights

CONFIGURATION = """
PreProcess: {transform_ops: [{ResizeImage: {size: [160, 80]}}, {NormalizeImage: {mean: [0.5, 0.5, 0.5], order: ''}}]}
PostProcess: {Topk: {topk: 1, class_id_map_file: ../ppcls/utils/PULC_label_list/textline_orientation_label_list.txt}}
"""


@pytest.fixture
def configured(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "inference.yml").write_text(CONFIGURATION)
    return folder


def test_a_program_has_the_configuration_beside_it(configured: Path) -> None:
    described = describe_program(configured)
    assert described.configuration is not None
    assert described.configuration.size == (80, 160)
    assert described.labels == Labels(
        ("0_degree", "180_degree"), "PaddleClas's textline_orientation_label_list.txt", assumed=True
    )
    assert described.notes == ()


def test_labels_that_are_asked_for_count_more(configured: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("up\ndown\n")
    described = describe_program(configured, labels_asked=str(tmp_path / "mine.txt"))
    assert described.labels == Labels(("up", "down"), str(tmp_path / "mine.txt"))


def test_labels_that_are_asked_for_silence_the_note_on_those_that_are_absent(configured: Path, tmp_path: Path) -> None:
    (configured / "inference.yml").write_text(CONFIGURATION.replace("textline_", "my_"))
    (note,) = describe_program(configured).notes
    assert "my_orientation_label_list.txt, which is not beside it; --labels FILE gives them" in note
    (tmp_path / "mine.txt").write_text("up\ndown\n")
    assert describe_program(configured, labels_asked=str(tmp_path / "mine.txt")).notes == ()


def test_none_is_followed_where_none_is_asked_for(configured: Path) -> None:
    described = describe_program(configured, "none")
    assert (described.configuration, described.labels, described.asked) == (None, None, "none")


def test_the_published_weights_know_imagenet() -> None:
    weights = ResolvedWeights("official", "official", "official weights", Path("x"), "0")
    labels = describe_weights(weights, published=published_names(load_catalog().find("ResNet18"))).labels
    assert labels is not None
    assert labels.names[207] == "golden retriever"
    assert labels.assumed


def test_the_demo_knows_its_own_classes(tmp_path: Path) -> None:
    weights = resolve_weights(load_catalog().find("MixNet_S"), "demo", tmp_path)
    labels = describe_weights(weights).labels
    assert labels is not None
    assert labels.names[:2] == ("airplane", "automobile")


def test_a_file_of_one_s_own_has_no_names_but_imagenet_s_may_be_asked_for(tmp_path: Path) -> None:
    save_file({"w": np.zeros(3, np.float32)}, tmp_path / "w.safetensors")
    weights = resolve_weights(load_catalog().find("ResNet18"), str(tmp_path / "w.safetensors"), tmp_path / "cache")
    assert describe_weights(weights).labels is None
    labels = describe_weights(weights, labels_asked="imagenet").labels
    assert labels is not None
    assert (len(labels.names), labels.assumed) == (1000, False)


def test_a_configuration_beside_weights_is_named_and_followed_only_when_asked(configured: Path) -> None:
    save_file({"w": np.zeros(3, np.float32)}, configured / "w.safetensors")
    (configured / "broken.yml").write_text("a: [")
    weights = resolve_weights(load_catalog().find("ResNet18"), str(configured / "w.safetensors"), configured / "cache")
    described = describe_weights(weights)
    assert described.configuration is None
    path = configured / "inference.yml"
    assert described.notes == (f"{path} says how photos are prepared, and is not followed: --config {path} follows it",)
    followed = describe_weights(weights, str(path)).configuration
    assert followed is not None
    assert followed.size == (80, 160)


def test_an_absent_list_is_named(configured: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no file .*absent\.txt"):
        describe_program(configured, labels_asked=str(configured / "absent.txt"))
