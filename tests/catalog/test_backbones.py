"""Every other backbone of PaddleClas: the data that `tools/paddleclas` makes."""

import subprocess
import sys

import pytest

from edgekit.catalog import load_catalog
from edgekit.catalog.backbones import DATA, load_backbones
from edgekit.errors import ConversionError
from edgekit.pipeline.source import catalog_source
from edgekit.weights import ResolvedWeights, resolve_weights

CATALOG = load_catalog()
BACKBONES = {model.name: model for model in load_backbones()}
SYNTHETIC = ResolvedWeights("synthetic", "synthetic:0", "synthetic weights (seed 0)", None, "", seed=0)


def test_every_backbone_once_and_none_of_the_documented() -> None:
    assert len(BACKBONES) == 348
    assert not set(BACKBONES) & {model.name for model in CATALOG.models}
    assert len({model.family for model in CATALOG.all_models}) == 77


def test_one_model_is_one_line_of_the_file() -> None:
    lines = DATA.read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(BACKBONES) + 2
    assert DATA.stat().st_size < 200_000


@pytest.mark.parametrize(
    ("name", "size", "resize_short", "preprocessing"),
    [
        ("PPLCNet_x1_0", 224, 256, {}),
        ("InceptionV3", 299, 320, {}),
        ("EfficientNetB4", 380, 412, {}),
        ("Xception41", 299, 320, {}),
        ("ViT_base_patch16_384", 384, 384, {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}),
        ("TinyNet_E", 106, 121, {"resize_backend": "pillow", "interpolation": "bicubic"}),
        # Its evaluation decodes without turning to RGB.
        (
            "MobileViT_S",
            256,
            292,
            {"channel_order": "BGR", "resize_backend": "pillow", "mean": [0.0, 0.0, 0.0], "std": [1.0, 1.0, 1.0]},
        ),
        ("CvT_13_384", 384, None, {"resize": "stretch", "resize_backend": "pillow", "interpolation": "bicubic"}),
        ("PULC_textline_orientation", (80, 160), None, {"resize": "stretch"}),
        ("PULC_person_attribute", (256, 192), None, {"resize": "stretch"}),
    ],
)
def test_evaluated_as_its_configuration_says(name: str, size, resize_short, preprocessing) -> None:
    model = BACKBONES[name]
    assert (model.input_size, model.resize_short, model.preprocessing) == (size, resize_short, preprocessing)


@pytest.mark.parametrize("model", [m for m in BACKBONES.values() if not m.unsupported], ids=lambda m: m.name)
def test_its_preprocessing_is_one_that_edgekit_has(model) -> None:
    source = catalog_source(model, SYNTHETIC)
    assert source.preprocessing.crop == source.input_size
    assert source.preprocessing.channels == 3
    # A model without a classifier gives features; every other one has a weight that counts the classes.
    assert (model.architecture.head is None) == (model.outputs_are == "features")
    assert model.architecture.parameters


def test_models_of_tasks_have_the_figures_of_their_tasks() -> None:
    task = BACKBONES["PULC_person_exists"].published.task
    assert task is not None
    assert (task.metric, task.value, task.milliseconds) == ("TprAtFpr", 0.9623, 2.58)
    assert BACKBONES["PPLCNet_x1_0"].published.task is None


def test_published_figures_stand_as_published() -> None:
    published = BACKBONES["PPLCNet_x1_0"].published
    assert (published.top1, published.top5, published.flops_g, published.params_m) == (0.7132, 0.9003, 0.161, 3.0)
    assert published.milliseconds("V100", "fp32", 4) == 1.64
    assert BACKBONES["EfficientNetB7"].published.milliseconds("T4", "fp16", 1) == 47.86087
    # Of two rows with the same name, the one of the weights that its address leads to.
    assert BACKBONES["SwinTransformer_base_patch4_window7_224"].published.top1 == 0.8337
    # A model may have but the marked row.
    assert BACKBONES["SwinTransformer_large_patch4_window7_224"].published.top1 == 0.8619


def test_tasks_have_their_classes_names_and_go_by_paddleclas_s_name_too() -> None:
    helmet = CATALOG.find("safety_helmet")
    assert helmet.name == "PULC_safety_helmet"
    assert helmet.labels == ("wearing_helmet", "unwearing_helmet")
    person = CATALOG.find("PULC_person_attribute")
    assert (person.outputs_are, person.class_count, person.labels and len(person.labels)) == ("labels", 26, 26)
    traffic = CATALOG.find("traffic-sign")
    assert (traffic.class_count, traffic.labels and traffic.labels[0]) == (232, "pl80")
    recogniser = CATALOG.find("PP-ShiTuV2_rec")
    assert (recogniser.outputs_are, recogniser.class_count) == ("features", 512)
    assert sum(model.family == "PULC" for model in BACKBONES.values()) == 13


def test_what_paddleclas_cannot_run_is_refused_with_its_error() -> None:
    unsupported = {model.name for model in BACKBONES.values() if model.unsupported}
    assert len(unsupported) == 16
    assert sum(name.startswith("SwinTransformerV2_") for name in unsupported) == 9
    with pytest.raises(ConversionError, match=r"SwinTransformerV2_tiny_patch4_window8_256 .*NameError"):
        catalog_source(BACKBONES["SwinTransformerV2_tiny_patch4_window8_256"], SYNTHETIC)


def test_weights_that_nobody_publishes_are_said_to_be_absent(tmp_path) -> None:
    from edgekit.errors import AbsentError

    for spec in ("auto", "official"):
        with pytest.raises(AbsentError, match="PaddleClas publishes no weights of AdaFace_IR_18"):
            resolve_weights(BACKBONES["AdaFace_IR_18"], spec, tmp_path)
    assert all(m.official_url.startswith("https://") for m in BACKBONES.values() if m.official_url)


def test_a_documented_model_is_found_without_reading_the_others() -> None:
    # The command line starts in a tenth of a second; no model's data may change that.
    program = (
        "import sys; from edgekit.catalog import load_catalog; load_catalog().find('ResNet50'); "
        "sys.exit('edgekit.catalog.backbones' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
