"""Precisions that are made of the FP32 files: the stages, and what a manifest says of them."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from edgekit.artifact.manifest import CalibrationRecord
from edgekit.calibration.prepared import CalibrationFile
from edgekit.catalog import load_catalog
from edgekit.errors import UsageError
from edgekit.pipeline.lowering import RECORD, ranking_stage
from edgekit.pipeline.plan import Plan, conversions_of, lowering_of, plan_conversion
from edgekit.pipeline.source import CatalogSource, catalog_source
from edgekit.pipeline.stage import SourceFile, StageFile
from edgekit.pipeline.target import select_targets, targets
from edgekit.weights import resolve_weights

PHOTOS = CalibrationFile(SourceFile(Path("photos"), "11"), CalibrationRecord("folder", "11", {"a.jpg": "22"}))
OTHERS = CalibrationFile(SourceFile(Path("others"), "33"), CalibrationRecord("other", "33", {"b.jpg": "44"}))


def source_in(cache: Path) -> CatalogSource:
    model = load_catalog().find("MixNet_S")
    return catalog_source(model, resolve_weights(model, "synthetic:0", cache, offline=True))


def planned(cache: Path, photos: CalibrationFile = PHOTOS, **options) -> Plan:
    return plan_conversion(
        source_in(cache), select_targets("onnx,openvino,ncnn"), "int8", calibration=photos, **options
    )


def test_int8_is_made_of_the_files_that_fp32_is(tmp_path: Path) -> None:
    full, small = plan_conversion(source_in(tmp_path), select_targets("onnx,openvino,ncnn")), planned(tmp_path)
    assert {name: stage.worker for name, stage in small.conversions.items()} == {
        "onnx": "onnx/quantize.py",
        "openvino": "nncf/quantize.py",
        "ncnn": "ncnn/quantize.py",
    }
    for name, stage in small.conversions.items():
        first, last = conversions_of(small, targets()[name])
        assert first.key == full.conversions[name].key
        assert last is stage
        assert conversions_of(full, targets()[name]) == [full.conversions[name]]
        sources = {role: one for role, one in stage.inputs.items() if isinstance(one, StageFile)}
        assert sources.keys() == targets()[name].description.files.keys()
        assert stage.inputs["calibration"] is PHOTOS.source


def test_the_photos_and_the_layers_that_stay_are_part_of_the_key(tmp_path: Path) -> None:
    keys = {
        plan.conversions["onnx"].key
        for plan in (planned(tmp_path), planned(tmp_path, OTHERS), planned(tmp_path, keep_float={"onnx": ["Conv.0"]}))
    }
    assert len(keys) == 3
    again = planned(tmp_path, CalibrationFile(SourceFile(Path("elsewhere"), "11"), PHOTOS.record))
    assert again.conversions["onnx"].key in keys


def test_tensorrt_is_made_of_a_model_that_is_quantised_for_it(tmp_path: Path) -> None:
    tensorrt, onnx = targets()["tensorrt"], targets()["onnx"]
    kept = {"tensorrt": ["Conv.0"], "onnx": ["Conv.1"]}
    plan = plan_conversion(
        source_in(tmp_path), select_targets("tensorrt,onnx"), "int8", calibration=PHOTOS, keep_float=kept
    )
    lowered, last = conversions_of(plan, tensorrt)
    assert last is plan.conversions["tensorrt"] and last.worker == "tensorrt/convert.py"
    assert (last.options["precision"], last.inputs) == ("int8", {"onnx": StageFile(lowered, "model.onnx")})
    assert (lowered.worker, lowered.inputs["calibration"]) == ("onnx/quantize.py", PHOTOS.source)
    assert (lowered.options["form"], lowered.options["keep_float"]) == ("tensorrt", ["Conv.0"])
    # ONNX's own is another, of the same FP32 model, and the layers of both are ranked.
    own = plan.conversions["onnx"]
    assert own.key != lowered.key and "form" not in own.options
    found = lowering_of(plan, tensorrt)
    assert found is not None and found[1] is lowered
    if plan.speed_rewrites("onnx") == plan.speed_rewrites("tensorrt"):
        assert found[0].key == conversions_of(plan, onnx)[0].key
    stage = ranking_stage(plan.source, tensorrt, "int8", found)
    assert stage.worker == "onnx/rank.py" and stage.inputs["quantised/model.onnx"] == StageFile(lowered, "model.onnx")


def test_fp16_of_onnx_needs_no_photos(tmp_path: Path) -> None:
    plan = plan_conversion(source_in(tmp_path), select_targets("onnx,ncnn"), "fp16")
    half = plan.conversions["onnx"]
    assert (half.worker, set(half.inputs)) == ("onnx/half.py", {"model.onnx"})
    # ncnn has FP16 of its own, from the FP32 model.
    assert plan.conversions["ncnn"].worker == "ncnn/convert.py"
    assert conversions_of(plan, targets()["ncnn"]) == [plan.conversions["ncnn"]]


def test_layers_are_ranked_by_the_files_before_and_after_with_the_threads_of_a_run(tmp_path: Path) -> None:
    plan = planned(tmp_path, keep_float={"ncnn": ["conv_1"], "onnx": ["Conv.0"]})
    ncnn = targets()["ncnn"]
    base, made = conversions_of(plan, ncnn)
    assert made.options["keep_float"] == ["conv_1"]
    stage = ranking_stage(plan.source, ncnn, "int8", [base, made])
    assert stage.worker == "ncnn/rank.py"
    assert {role: (one.stage, one.name) for role, one in stage.inputs.items() if isinstance(one, StageFile)} == {
        "model.ncnn.param": (base, "model.ncnn.param"),
        "model.ncnn.bin": (base, "model.ncnn.bin"),
        "quantised/model.ncnn.param": (made, "model.ncnn.param"),
        "quantised/model.ncnn.bin": (made, "model.ncnn.bin"),
        f"quantised/{RECORD}": (made, RECORD),
    }
    assert stage.inputs["calibration"] is PHOTOS.source
    assert stage.options["threads"] == stage.limits.threads
    # Every layer is looked at, whichever are to stay.
    assert "keep_float" not in stage.options


def test_a_program_that_is_quantised_is_ranked_by_its_record_alone(tmp_path: Path) -> None:
    lite = targets()["lite"]
    plan = plan_conversion(source_in(tmp_path), [lite], "int8", calibration=PHOTOS)
    base, made = lowering_of(plan, lite) or (None, None)
    assert base is not None and made is not None and made.worker == "paddle/quantize.py"
    assert conversions_of(plan, lite) == [made, plan.conversions["lite"]]
    assert made.inputs["program"] == StageFile(base)
    stage = ranking_stage(plan.source, lite, "int8", [base, made])
    assert stage.worker == "paddle/rank.py"
    read = {role: (file.stage, file.name) for role, file in stage.inputs.items() if isinstance(file, StageFile)}
    assert read == {"program": (base, StageFile(base).name), f"quantised/{RECORD}": (made, RECORD)}


def test_what_has_no_ranker_says_which_have(tmp_path: Path) -> None:
    plan, onnx = planned(tmp_path), targets()["onnx"]
    lowered = {"int8": replace(onnx.description.lowered["int8"], ranker=None)}
    bare = replace(onnx, description=replace(onnx.description, lowered=lowered))
    with pytest.raises(UsageError, match=r"the layers of onnx are not ranked .*\n?.*lite, ncnn, onnx, openvino"):
        ranking_stage(plan.source, bare, "int8", [])
