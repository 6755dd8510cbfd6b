"""INT8 by the real toolchains, of MixNet_S with the demo weights: nearly the same numbers, and all accounted for."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from edgekit.calibration.pictures import made_picture
from edgekit.errors import ConversionError, UsageError
from edgekit.inputs.prepare import preprocess
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.pipeline.target import targets

pytestmark = pytest.mark.toolchain

SPEC = Preprocessing(resize_short=64, crop=64)
CALIBRATION, JUDGED = 24, 6
# The files of each target by the roles of its quantisation, its runner and its ledger.
FILES = {
    "onnx": ({"model.onnx"}, {"model": "model.onnx"}),
    "openvino": ({"model.xml", "model.bin"}, {"model": "model.xml", "weights": "model.bin"}),
    "ncnn": ({"model.ncnn.param", "model.ncnn.bin"}, {"param": "model.ncnn.param", "bin": "model.ncnn.bin"}),
    "tflite": ({"model.tflite"}, {"model": "model.tflite"}),
}
QUANTISER = {
    "onnx": "onnx/quantize.py",
    "openvino": "nncf/quantize.py",
    "ncnn": "ncnn/quantize.py",
    "tflite": "tflite/quantize.py",
}

INT8 = {name: targets()[name].description.lowered["int8"] for name in FILES}
RANKED = {name: lowered.ranker for name, lowered in INT8.items() if lowered.ranker}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Prepared pictures to calibrate on, and others to judge by."""
    folder = tmp_path_factory.mktemp("photos")
    made = np.stack([preprocess(made_picture(index, 80), SPEC) for index in range(CALIBRATION + JUDGED)])
    save_file({"x": made[:CALIBRATION]}, folder / "calibration.safetensors")
    save_file({"x": made[CALIBRATION:]}, folder / "judged.safetensors")
    return folder / "calibration.safetensors", folder / "judged.safetensors"


@pytest.fixture(scope="module", params=FILES)
def quantised(request, run_worker, mixnet_program: Path, onnx_model: Path, photos) -> dict[str, Any]:
    """FP32 and INT8 files of one target, and what the quantisation said."""
    target = request.param
    if target == "onnx":
        before, names = onnx_model.parent, {}
    else:
        source = {"onnx": onnx_model} if target in ("ncnn", "tflite") else {"program": mixnet_program}
        details, before = run_worker(f"{target}/convert.py", source, {"batch": 1, "precision": "fp32", "rewrites": []})
        names = details["io"]
    inputs = {name: before / name for name in FILES[target][0]}
    details, after = run_worker(QUANTISER[target], {**inputs, "calibration": photos[0]}, {"batch": 1})
    return {"target": target, "before": before, "after": after, "names": names, "details": details}


def logits(run_worker, quantised: dict[str, Any], folder: Path, photos: Path, precision: str) -> np.ndarray:
    target = quantised["target"]
    files = {role: folder / name for role, name in FILES[target][1].items()}
    options = {
        "batch": 1,
        "threads": 1,
        "precision": precision,
        **quantised["names"],
        "output_shapes": {"logits": [1, 10]},
    }
    _, output = run_worker(f"{target}/run.py", {**files, "tensors": photos}, options)
    return load_file(output / "outputs.safetensors")["logits"].astype(np.float64)


def test_it_computes_nearly_the_same(run_worker, quantised, photos) -> None:
    full = logits(run_worker, quantised, quantised["before"], photos[1], "fp32")
    small = logits(run_worker, quantised, quantised["after"], photos[1], "int8")
    noise = 10 * np.log10((full**2).sum(axis=1) / ((small - full) ** 2).sum(axis=1))
    assert np.median(noise) > 15
    assert (small != full).any(axis=1).all()
    # Outputs are not rounded to 8 bits, where two classes would come to the same value.
    assert len(np.unique(small)) == small.size


# ncnn leaves a photo out of 51 and more alone.
@pytest.mark.parametrize("quantised", ["onnx", "tflite", "openvino"], indirect=True)
def test_one_photo_on_which_values_explode_does_not_stretch_all_ranges(
    run_worker, quantised, photos, tmp_path: Path
) -> None:
    made = load_file(photos[0])["x"].copy()
    made[0] *= 300
    save_file({"x": made}, tmp_path / "calibration.safetensors")
    target = quantised["target"]
    inputs = {name: quantised["before"] / name for name in FILES[target][0]}
    inputs["calibration"] = tmp_path / "calibration.safetensors"
    details, after = run_worker(QUANTISER[target], inputs, {"batch": 1})
    best, others = details["build"]["calibration_method"], "mean" if target == "openvino" else "minmax"
    assert best != others
    assert details["errors"][best] < 0.5 * details["errors"][others]
    full = logits(run_worker, quantised, quantised["before"], photos[1], "fp32")
    small = logits(run_worker, quantised, after, photos[1], "int8")
    assert np.median(10 * np.log10((full**2).sum(axis=1) / ((small - full) ** 2).sum(axis=1))) > 10
    plain, _ = run_worker(QUANTISER[target], inputs, {"batch": 1, "method": others})
    assert plain["build"]["calibration_method"] == others
    with pytest.raises(UsageError, match=r"method is auto, .*most, "):
        run_worker(QUANTISER[target], inputs, {"batch": 1, "method": "all"})


@pytest.mark.parametrize("quantised", ["openvino"], indirect=True)
def test_biases_are_corrected_where_that_is_nearer(run_worker, quantised, photos) -> None:
    """NNCF's correction costs ResNet18 with random weights 13 dB, and gains nothing with trained ones."""
    inputs = {name: quantised["before"] / name for name in FILES["openvino"][0]} | {"calibration": photos[0]}
    details = quantised["details"]
    best, errors = details["build"]["calibration_method"], details["errors"]
    ranges = best.removesuffix(", biases corrected")
    tried = f"{ranges}, biases corrected"
    assert set(errors) == {"most", "mean", tried}
    assert (best == tried) == (errors[tried] * 1.05 < errors[ranges])

    def corrected(folder: Path) -> int:
        return sum(name.endswith(".before") for name in load_file(folder / "quantisation.safetensors"))

    assert (corrected(quantised["after"]) > 0) == (best == tried)
    options = {"batch": 1, "method": "most"}
    details, after = run_worker(QUANTISER["openvino"], inputs, options | {"bias_correction": True})
    assert details["build"]["calibration_method"] == "most, biases corrected"
    assert corrected(after) > 0
    told, _ = run_worker(QUANTISER["openvino"], inputs, {"batch": 1, "bias_correction": "auto"})
    assert told["errors"].keys() == errors.keys()  # as where nobody says anything
    _, after = run_worker(QUANTISER["openvino"], inputs, options | {"bias_correction": False})
    assert corrected(after) == 0
    with pytest.raises(UsageError, match="bias_correction is auto, true or false, not sometimes"):
        run_worker(QUANTISER["openvino"], inputs, options | {"bias_correction": "sometimes"})


@pytest.mark.parametrize("quantised", ["onnx", "openvino"], indirect=True)
def test_channels_whose_sums_leave_16_bits_get_larger_steps(
    run_worker, quantised, photos, mixnet_program: Path
) -> None:
    target = quantised["target"]
    inputs = {name: quantised["before"] / name for name in FILES[target][0]} | {"calibration": photos[0]}
    options = {"batch": 1, "overflow_fix": "disable"}
    plain, before = run_worker(QUANTISER[target], inputs, options)
    details, after = run_worker(QUANTISER[target], inputs, options | {"fit_pairs": True})
    assert len(plain["build"]["cut_off_without_vnni"]) > 10
    assert "cut_off_without_vnni" not in details["build"]
    assert (plain["coarser"], details["coarser"] > 50) == (0, True)
    first, second = (load_file(one / "quantisation.safetensors") for one in (before, after))
    assert first.keys() == second.keys()
    grown = [second[name] / first[name] for name in first if (first[name] != second[name]).any()]
    # At most what 7 bits take, and a rounding.
    assert all((one > 0.999).all() and (one < 2.2).all() for one in grown if one.size > 1)
    files = {role: after / name for role, name in FILES[target][1].items()}
    inputs = {"program": mixnet_program, **files, "chosen": after}
    found, _ = run_worker(f"{target}/parameters.py", inputs, {"added": []})
    assert (found["unexplained"], found["unused"]) == ([], [])


def test_it_is_far_smaller(quantised) -> None:
    size = {
        where: sum((quantised[where] / name).stat().st_size for name in FILES[quantised["target"]][0])
        for where in ("before", "after")
    }
    # ncnn's convolutions in groups stay in FP32; OpenVINO's description counts as well.
    assert size["after"] < (0.45 if quantised["target"] == "ncnn" else 0.34) * size["before"]


def test_everything_that_it_stores_is_accounted_for(run_worker, quantised, mixnet_program) -> None:
    target, after = quantised["target"], quantised["after"]
    files = {role: after / name for role, name in FILES[target][1].items()}
    inputs = {"program": mixnet_program, **files, "chosen": after}
    found, _ = run_worker(f"{target}/parameters.py", inputs, {"added": []})
    assert (found["unexplained"], found["unused"]) == ([], [])
    assert sum(count for how, count in found["explained"].items() if how.endswith("in 8 bits")) > 20


@pytest.mark.parametrize("quantised", RANKED, indirect=True)
def test_layers_are_ranked_and_the_costliest_can_stay_in_floating_point(run_worker, quantised, photos) -> None:
    target, roles = quantised["target"], FILES[quantised["target"]][0]
    before = {name: quantised["before"] / name for name in roles}
    small = {f"quantised/{name}": quantised["after"] / name for name in (*roles, "quantisation.safetensors")}
    ranker = RANKED[target]
    ranking = {"batch": 1, "threads": 1, "photos": 2}
    found, _ = run_worker(ranker, {**before, **small, "calibration": photos[0]}, ranking)
    names, costs = ([one[key] for one in found["layers"]] for key in ("name", "snr_db"))
    assert len(names) == len(set(names)) > 35
    assert costs == sorted(costs)
    # Most layers alone cost far less than all of them do together.
    assert costs[len(costs) // 2] > found["all_db"]
    options = {"batch": 1, "keep_float": names[:3]}
    details, kept = run_worker(QUANTISER[target], {**before, "calibration": photos[0]}, options)
    assert details["build"]["keep_float"] == names[:3]
    size = [sum((folder / name).stat().st_size for name in roles) for folder in (quantised["after"], kept)]
    # A sum in FP32 stores less than one in 8 bits, a convolution more.
    assert size[0] != size[1] < 2 * size[0]
    if target == "onnx":  # where others read a value in 8 bits, ONNX Runtime has every node read that
        return
    again = {f"quantised/{name}": kept / name for name in (*roles, "quantisation.safetensors")}
    rest, _ = run_worker(ranker, {**before, **again, "calibration": photos[0]}, ranking)
    assert not set(names[:3]) & {one["name"] for one in rest["layers"]}


def test_the_same_photos_make_the_same_record(run_worker, quantised, photos) -> None:
    """The order of work inside a toolchain decides nothing."""
    inputs = {name: quantised["before"] / name for name in FILES[quantised["target"]][0]}
    _, again = run_worker(QUANTISER[quantised["target"]], {**inputs, "calibration": photos[0]}, {"batch": 1})
    first, second = (load_file(folder / "quantisation.safetensors") for folder in (quantised["after"], again))
    assert len(first) == len(second) > 50
    if quantised["target"] != "openvino":  # NNCF numbers its constants anew
        assert all(np.array_equal(first[name], second[name]) for name in first)


def test_fp16_keeps_inputs_and_outputs_in_fp32(run_worker, onnx_model, photos) -> None:
    import onnx

    _, output = run_worker("onnx/half.py", {"model.onnx": onnx_model}, {"batch": 1})
    graph = onnx.load(output / "model.onnx").graph
    assert {one.type.tensor_type.elem_type for one in (*graph.input, *graph.output)} == {onnx.TensorProto.FLOAT}
    kinds = {tensor.data_type for tensor in graph.initializer if len(tensor.dims) == 4}
    assert kinds == {onnx.TensorProto.FLOAT16}
    of = {"target": "onnx", "names": {}}
    full = logits(run_worker, of, onnx_model.parent, photos[1], "fp32")
    half = logits(run_worker, of, output, photos[1], "fp16")
    assert 0 < (np.abs(half - full).max(axis=1) / np.abs(full).max(axis=1)).max() < 0.02


def test_a_weight_beyond_fp16_is_refused(run_worker, onnx_model, tmp_path) -> None:
    import onnx
    from onnx import numpy_helper

    model = onnx.load(onnx_model)
    weight = next(one for one in model.graph.initializer if len(one.dims) == 4)
    values = numpy_helper.to_array(weight).copy()
    values.flat[0] = 70_000
    weight.CopyFrom(numpy_helper.from_array(values, weight.name))
    onnx.save(model, tmp_path / "model.onnx")
    with pytest.raises(ConversionError, match=r"the weight .* holds 7e\+04, and FP16 ends at 65504"):
        run_worker("onnx/half.py", {"model.onnx": tmp_path / "model.onnx"}, {"batch": 1})
