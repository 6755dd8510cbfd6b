from pathlib import Path

import msgspec
import pytest

from edgekit.catalog import load_catalog
from edgekit.errors import UsageError
from edgekit.pipeline import target as target_module
from edgekit.pipeline.plan import plan_conversion
from edgekit.pipeline.source import catalog_source
from edgekit.pipeline.target import (
    Description,
    Target,
    Variant,
    check_precision,
    left_out_of_all,
    parse_flags,
    select_targets,
    targets,
)
from edgekit.toolchain.device import Device
from edgekit.weights import resolve_weights

GPU = Device("NVIDIA Fake", "sm90", "580.1")


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Device:
    """As if an NVIDIA GPU were here."""
    monkeypatch.setattr(target_module, "find_device", lambda need: GPU)
    return GPU


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if none were here."""
    monkeypatch.setattr(target_module, "find_device", lambda need: None)


def names(text: str) -> list[str]:
    return [target.name for target in select_targets(text)]


def test_all_means_what_every_machine_can_run() -> None:
    assert names("all") == ["lite", "ncnn", "onnx", "openvino"]
    assert names("tensorrt") == ["tensorrt"]
    assert names("all,tensorrt") == ["lite", "ncnn", "onnx", "openvino", "tensorrt"]
    assert names("ncnn, ncnn,all") == ["lite", "ncnn", "onnx", "openvino"]


def test_a_misspelt_target_is_named_with_near_ones() -> None:
    for text in ("tensort", "all,tensort"):
        with pytest.raises(UsageError, match="there is no target tensort") as caught:
            select_targets(text)
        assert "Did you mean tensorrt?" in caught.value.remedy


@pytest.mark.parametrize("name", ["paddle"])
def test_a_precision_that_a_target_lacks_is_refused_with_the_way_out(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} has no fp16: .{{20,}}") as caught:
        check_precision([targets()["ncnn"], targets()[name]], "fp16")
    able = [other for other, target in targets().items() if "fp16" in target.description.precisions]
    assert {"lite", "mnn", "ncnn", "onnx", "openvino", "tensorrt"} <= set(able)
    assert caught.value.remedy == f"Targets with fp16: {', '.join(able)}."
    check_precision([targets()[name]], "fp32")


def test_every_target_can_do_what_it_declares() -> None:
    for target in targets().values():
        assert "fp32" in target.description.precisions
        assert not set(target.description.precisions) & set(target.description.lacks)


def test_gpus_are_read_forgivingly_and_in_one_order() -> None:
    wanted = select_targets("tensorrt,onnx")
    assert parse_flags(wanted, {"gpu": "SM_89, sm86,sm86"}) == {"gpu": ("sm86", "sm89")}
    assert parse_flags(wanted, {"gpu": None}) == {}


def test_a_single_flag_takes_one_value_and_its_default_is_the_exact_one() -> None:
    (lite,) = select_targets("lite")
    assert parse_flags([lite], {"arm-arithmetic": "Fast"}) == {"arm-arithmetic": ("fast",)}
    assert lite.converter({})[1] == {"arm-arithmetic": ["exact"]}
    with pytest.raises(UsageError, match="--arm-arithmetic takes one value, not 2") as refused:
        parse_flags([lite], {"arm-arithmetic": "exact,fast"})
    assert refused.value.remedy == "It is exact or fast."
    with pytest.raises(UsageError, match="--arm-arithmetic knows no quick") as refused:
        parse_flags([lite], {"arm-arithmetic": "quick"})
    assert refused.value.remedy == "It takes exact or fast."


@pytest.mark.parametrize(
    ("target", "text", "said", "remedy"),
    [
        ("tensorrt", "sm90", "--gpu knows no sm90", "It takes sm75, sm80, sm86, sm89, sm120, sm121, or several."),
        ("tensorrt", "sm86,8.6", "--gpu knows no 8.6", "sm86"),
        ("tensorrt", " , ", "--gpu knows no empty list", "sm86"),
        ("onnx,ncnn", "sm86", "--gpu means nothing to onnx, ncnn", "Targets that take it: tensorrt."),
    ],
)
def test_what_a_flag_cannot_mean_is_refused(target: str, text: str, said: str, remedy: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        parse_flags(select_targets(target), {"gpu": text})
    assert remedy in caught.value.remedy


def test_without_a_gpu_an_engine_is_built_ahead_of_time(no_gpu: None) -> None:
    tensorrt = targets()["tensorrt"]
    assert tensorrt.converter({}) == ("tensorrt/convert.py", {"gpu": ["sm80", "sm86", "sm89", "sm120"]})
    assert tensorrt.converter({"gpu": ("sm86",)}) == ("tensorrt/convert.py", {"gpu": ["sm86"]})


def test_with_a_gpu_it_is_built_on_it_unless_others_are_named(gpu: Device) -> None:
    tensorrt = targets()["tensorrt"]
    device = {"name": "NVIDIA Fake", "compute_capability": "sm90", "driver": "580.1"}
    assert tensorrt.converter({}) == ("tensorrt/build.py", {"device": device})
    assert tensorrt.converter({"gpu": ("sm86",)}) == ("tensorrt/convert.py", {"gpu": ["sm86"]})
    assert targets()["onnx"].converter({"gpu": ("sm86",)}) == ("onnx/convert.py", {})


AHEAD, NATIVE = {"kind": "ahead-of-time"}, {"kind": "on-gpu"}


def test_without_a_gpu_engines_are_inspected(no_gpu: None) -> None:
    for build in (AHEAD, NATIVE):
        (variant,) = targets()["tensorrt"].variants_of(build)
        assert (variant.worker, variant.not_run) == ("examine.py", "needs an NVIDIA GPU")


def test_with_a_gpu_engines_run_in_what_built_them(gpu: Device) -> None:
    workers = [targets()["tensorrt"].variants_of(build)[0] for build in (AHEAD, NATIVE)]
    assert [(variant.worker, variant.not_run) for variant in workers] == [("run.py", None), ("run_built.py", None)]


def test_an_engine_for_other_gpus_is_inspected(gpu: Device) -> None:
    for built_for, worker in ((["sm86", "sm90"], "run.py"), (["sm86", "sm89"], "examine.py")):
        (variant,) = targets()["tensorrt"].variants_of({**AHEAD, "compute_capabilities": built_for})
        assert variant.worker == worker
    assert variant.not_run == "needs an NVIDIA GPU of sm86, sm89; NVIDIA Fake is sm90"


def test_what_never_runs_here_is_inspected_either_way(gpu: Device) -> None:
    x86, arm = targets()["lite"].variants_of({})
    assert (x86.worker, x86.not_run) == ("run.py", None)
    assert (arm.worker, arm.not_run) == ("compare.py", "needs an ARM device")


def test_every_worker_that_is_named_exists() -> None:
    from edgekit.bundled import bundled_folder

    for target in targets().values():
        description = target.description
        variants = description.variants
        scripts = {
            "convert.py",
            *(one.worker for one in variants),
            *(one.inspector for one in variants if one.inspector),
        }
        if description.native:
            scripts.add(description.native.worker)
        for script in scripts:
            assert (bundled_folder("converters") / target.worker(script)).is_file(), target.worker(script)


def test_a_variant_that_needs_a_device_must_have_an_inspector() -> None:
    variant = Variant("", "run.py", {}, needs="nvidia-gpu")
    with pytest.raises((ValueError, msgspec.ValidationError), match="has an inspector"):
        Description("T", "A fake.", "program", {}, (variant,))


def test_fp32_is_what_the_name_alone_means() -> None:
    target = Target("ncnn", targets()["ncnn"].description)
    assert (target.folder("fp32"), target.folder("fp16")) == ("ncnn", "ncnn-fp16")


def test_what_a_target_is_made_from_stays_in_fp32(tmp_path: Path, no_gpu: None) -> None:
    model = load_catalog().find("MixNet_S")
    source = catalog_source(model, resolve_weights(model, "synthetic:0", tmp_path, offline=True))
    half = plan_conversion(source, select_targets("ncnn,tensorrt"), "fp16", {"gpu": ("sm89",)})
    full = plan_conversion(source, select_targets("onnx,ncnn,tensorrt"))
    precisions = {name: stage.options["precision"] for name, stage in half.conversions.items()}
    assert precisions == {"ncnn": "fp16", "tensorrt": "fp16"}
    assert {name: stage.options["precision"] for name, stage in half.bases.items()} == {"onnx": "fp32"}
    assert half.bases["onnx"].key == full.conversions["onnx"].key
    assert half.conversions["ncnn"].key != full.conversions["ncnn"].key
    assert half.conversions["tensorrt"].options["gpu"] == ["sm89"]
    assert "gpu" not in half.conversions["ncnn"].options


def test_all_leaves_out_what_cannot_and_a_named_target_never() -> None:
    wanted = select_targets("all")
    assert left_out_of_all("all", wanted, "fp32", 1) == {}
    assert left_out_of_all("all", wanted, "fp32", "dynamic") == {
        "ncnn": "ncnn takes one sample a call: ncnn has no batch dimension"
    }
    assert left_out_of_all("all", wanted, "fp32", 4).keys() == {"ncnn"}
    assert left_out_of_all("all", wanted, "int8", 1) == left_out_of_all("all", wanted, "fp16", 1) == {}
    assert sorted(left_out_of_all("all", wanted, "int16-weights", 1)) == ["ncnn", "onnx", "openvino"]
    assert sorted(left_out_of_all("onnx, ALL", wanted, "int16-weights", 1)) == ["ncnn", "openvino"]
    assert left_out_of_all("lite,onnx", select_targets("lite,onnx"), "int16-weights", 1) == {}


def test_all_that_leaves_nothing_is_an_error() -> None:
    with pytest.raises(UsageError, match=r"no target can do that: onnx has no int16-weights"):
        left_out_of_all("all", select_targets("onnx"), "int16-weights", 1)
