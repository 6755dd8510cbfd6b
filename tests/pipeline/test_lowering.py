"""Precisions that are made of the FP32 files: the stages, and what a manifest says of them."""

from pathlib import Path

from edgekit.artifact.manifest import CalibrationRecord
from edgekit.calibration.prepared import CalibrationFile
from edgekit.catalog import load_catalog
from edgekit.pipeline.plan import Plan, conversions_of, plan_conversion
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
        for plan in (planned(tmp_path), planned(tmp_path, OTHERS), planned(tmp_path, keep_float=["Conv.0"]))
    }
    assert len(keys) == 3
    again = planned(tmp_path, CalibrationFile(SourceFile(Path("elsewhere"), "11"), PHOTOS.record))
    assert again.conversions["onnx"].key in keys


def test_fp16_of_onnx_needs_no_photos(tmp_path: Path) -> None:
    plan = plan_conversion(source_in(tmp_path), select_targets("onnx,ncnn"), "fp16")
    half = plan.conversions["onnx"]
    assert (half.worker, set(half.inputs)) == ("onnx/half.py", {"model.onnx"})
    # ncnn has FP16 of its own, from the FP32 model.
    assert plan.conversions["ncnn"].worker == "ncnn/convert.py"
    assert conversions_of(plan, targets()["ncnn"]) == [plan.conversions["ncnn"]]
