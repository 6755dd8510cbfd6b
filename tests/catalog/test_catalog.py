"""The 47 models, their names and their addresses."""

from collections import Counter
from pathlib import Path

import pytest

from edgekit.catalog import load_catalog
from edgekit.catalog.catalog import OWN_MODEL
from edgekit.errors import UsageError
from edgekit.filesystem.hashing import data_sha256
from edgekit.weights.demo import FOLDER, demo_weights

CATALOG = load_catalog()
HOST = "https://paddle-imagenet-models-name.bj.bcebos.com/dygraph/"


def test_there_are_47_models_of_six_families_and_39_architectures() -> None:
    assert len({model.name for model in CATALOG.models}) == 47
    assert Counter(model.family for model in CATALOG.models) == {
        "MixNet": 3, "DenseNet": 5, "DPN": 5, "Twins": 6, "ResNet": 18, "HRNet": 10,
    }  # fmt: skip
    assert len({model.architecture.name for model in CATALOG.models}) == 39
    assert all(model.architecture.family == model.family for model in CATALOG.models)


def test_the_documented_entries_have_not_changed() -> None:
    # What artifacts were made from: another head, size or address would be another model under the same name.
    described = [
        [
            model.name,
            model.architecture.as_option(),
            model.architecture.parameters,
            model.input_size,
            model.resize_short,
            model.official_url,
            model.url_note,
            model.published.top1,
            len(model.published.latency),
        ]
        for model in CATALOG.models
    ]
    assert data_sha256({"models": described}) == "38f6ef388748fa2f2d2f97c4348114c04f0e117356ea35bf88e995992040002e"


def test_the_order_is_by_family_as_listed() -> None:
    names = [model.name for model in CATALOG.models]
    assert names[:4] == ["MixNet_S", "MixNet_M", "MixNet_L", "DenseNet121"]
    assert names[-1] == "SE_HRNet_W64_C_ssld"
    assert CATALOG.families == ("MixNet", "DenseNet", "DPN", "Twins", "ResNet", "HRNet")


@pytest.mark.parametrize(
    ("model", "architecture"),
    [
        ("ResNet50_vd_v2", "ResNet50_vd"),
        ("ResNet50_vd_ssld_v2", "ResNet50_vd"),
        ("Fix_ResNet50_vd_ssld_v2", "ResNet50_vd"),
        ("HRNet_W48_C_ssld", "HRNet_W48_C"),
        ("SE_HRNet_W64_C_ssld", "SE_HRNet_W64_C"),
        ("ResNet50_vc", "ResNet50_vc"),
    ],
)
def test_a_model_is_an_architecture_with_weights(model: str, architecture: str) -> None:
    assert CATALOG.find(model).architecture.name == architecture


def test_only_the_fixed_resolution_model_has_another_input() -> None:
    sizes = {model.name: (model.input_size, model.resize_short) for model in CATALOG.models}
    assert sizes.pop("Fix_ResNet50_vd_ssld_v2") == (320, 320)
    assert set(sizes.values()) == {(224, 256)}


def test_every_address_says_where_it_is_from() -> None:
    for model in CATALOG.models:
        assert model.official_url is not None
        assert model.official_url.startswith(HOST)
        assert model.official_url.endswith(f"/{model.name}_pretrained.pdparams")
        variant = model.name != model.architecture.name
        assert (model.url_source != "code") == variant, model.name
    sources = Counter(model.url_source for model in CATALOG.models)
    assert sources == {"code": 38, "rule": 5, "docs": 4}
    # What no code holds is never given without a word about it.
    assert all(model.url_note for model in CATALOG.models if model.url_source == "docs")


@pytest.mark.parametrize("typed", ["MixNet_S", "mixnet_s", "mixnet-s", "MIXNETS", "MixNet S"])
def test_find_forgives_case_and_separators(typed: str) -> None:
    assert CATALOG.find(typed).name == "MixNet_S"


def test_every_name_finds_itself_in_any_spelling() -> None:
    for model in CATALOG.models:
        for typed in (
            model.name,
            model.name.lower(),
            model.name.replace("_", "-"),
            model.name.replace("_", ""),
        ):
            assert CATALOG.find(typed) is model


def test_an_unknown_name_suggests_near_ones() -> None:
    with pytest.raises(UsageError) as caught:
        CATALOG.find("ResNet51_vd")
    assert caught.value.message == 'there is no model named "ResNet51_vd"'
    assert "ResNet50_vd" in caught.value.remedy
    assert "`edgekit models --search TEXT` looks through all" in caught.value.remedy


def test_a_name_near_nothing_suggests_nothing() -> None:
    with pytest.raises(UsageError) as caught:
        CATALOG.find("qqqq")
    assert caught.value.remedy == OWN_MODEL
    # A network of one's own goes by its folder, and the sentence says how to make one.
    assert "export_model.py" in OWN_MODEL
    assert "paddle.jit.save" in OWN_MODEL
    assert "edgekit convert folder" in OWN_MODEL


def test_family() -> None:
    assert [model.name for model in CATALOG.family("twins")][:2] == ["pcpvt_small", "pcpvt_base"]
    with pytest.raises(UsageError, match="The families are MixNet, DenseNet, DPN, Twins, ResNet, HRNet, MobileNetV1"):
        CATALOG.family("VGGG")


def test_demo_weights_are_marked_where_they_are() -> None:
    marked = {model.name for model in CATALOG.models if model.demo_weights}
    assert marked == {Path(path).stem for path in FOLDER.glob("*.safetensors")} == {"MixNet_S"}
    assert demo_weights("MixNet_M") is None


def test_options_of_the_workers() -> None:
    for model in CATALOG.models:
        option = model.architecture.as_option()
        assert option["name"] == model.architecture.name
        assert {"module", "factory", "head", "arguments"} <= set(option)
    option = CATALOG.find("MixNet_S").architecture.as_option()
    assert (option["module"], option["factory"]) == ("model_zoo.mixnet", "MixNet_S")


@pytest.mark.parametrize(("name", "whose"), [("model.onnx", "ONNX"), ("best.PT", "PyTorch"), ("a/b.h5", "Keras")])
def test_a_file_of_another_framework_is_called_that(name: str, whose: str) -> None:
    with pytest.raises(UsageError, match=f"{name} is a file of {whose}") as caught:
        load_catalog().find(name)
    assert "docs/guides/from_pytorch.md" in (caught.value.remedy or "")
