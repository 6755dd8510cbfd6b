"""Embedded preprocessing in the plan: one more stage, and nothing else is made from its model."""

import pytest
from msgspec.structs import replace

from edgekit.catalog import load_catalog
from edgekit.errors import UsageError
from edgekit.pipeline.embedding import check_embedding
from edgekit.pipeline.plan import plan_conversion
from edgekit.pipeline.source import CatalogSource, catalog_source
from edgekit.pipeline.stage import StageFile
from edgekit.pipeline.target import select_targets, targets
from edgekit.weights import resolve_weights


@pytest.fixture
def source(tmp_path) -> CatalogSource:
    model = load_catalog().find("MixNet_S")
    return catalog_source(model, resolve_weights(model, "demo", tmp_path, offline=True))


def test_the_model_with_preprocessing_follows_the_one_without(source) -> None:
    wanted = select_targets("onnx,openvino")
    plan = plan_conversion(source, wanted, embed_preprocessing=True)
    for target in wanted:
        last = plan.embeddings[target.name]
        assert last.worker == f"{target.name}/embed.py"
        assert last.options == {
            "min_value": [0.0, 0.0, 0.0],
            "divide_by": [255.0, 255.0, 255.0],
            "mean": [0.485, 0.456, 0.406],
            "std": [0.229, 0.224, 0.225],
            "fused": False,
        }
        assert {value.stage for value in last.inputs.values() if isinstance(value, StageFile)} == {
            plan.conversions[target.name]
        }


def test_the_conversion_is_the_same_stage_with_and_without(source) -> None:
    """So converting both ways converts once; what is made from ONNX is never made from the model that takes photos."""
    onnx, ncnn = targets()["onnx"], targets()["ncnn"]
    plain = plan_conversion(source, [onnx, ncnn])
    embedded = plan_conversion(source, [onnx], embed_preprocessing=True)
    assert plain.embeddings == {}
    assert plain.conversions["onnx"].key == embedded.conversions["onnx"].key
    made_from = plain.conversions[ncnn.name].inputs["onnx"]
    assert isinstance(made_from, StageFile)
    assert made_from.stage.worker == "onnx/convert.py"


def test_another_normalisation_is_another_stage(source) -> None:
    onnx = targets()["onnx"]
    spec = replace(source.preprocessing, mean=(0.5, 0.5, 0.5))
    keys = {
        plan_conversion(one, [onnx], embed_preprocessing=True).embeddings["onnx"].key
        for one in (source, type(source)(**{**vars(source), "preprocessing": spec}))
    }
    assert len(keys) == 2


def test_padding_that_8_bits_cannot_say_is_not_embedded(source) -> None:
    spec = replace(source.preprocessing, resize="letterbox", pad_value=127.5)
    padded = type(source)(**{**vars(source), "preprocessing": spec})
    with pytest.raises(UsageError, match=r"padded with \[127.5, 127.5, 127.5\], which lie between levels of 8 bits"):
        plan_conversion(padded, [targets()["onnx"]], embed_preprocessing=True)


def test_targets_without_a_place_for_it_are_refused_in_one_sentence() -> None:
    check_embedding(select_targets("onnx,openvino"))
    with pytest.raises(UsageError) as raised:
        check_embedding(select_targets("lite,onnx,ncnn,tensorrt"))
    assert "not possible for lite, ncnn, tensorrt: " in raised.value.message
    assert raised.value.remedy == "Name those targets alone, as in --target onnx,openvino."
