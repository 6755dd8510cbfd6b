"""INT8 of OpenVINO IR: post-training quantisation by NNCF, without torch.

Inputs: `model.xml`, `model.bin`, `calibration` (prepared photos). Options: `batch`; `preset` ("mixed": asymmetric
activations, "performance": symmetric ones); `model_type` ("transformer", for what has attention); `smooth_quant` (0 to
1, with "transformer" alone: SmoothQuant's exponent, how much of their range the activations of products give to the
weights); `overflow_fix` ("first_layer" as NNCF does it, "enable": all weights in 7 bits, "disable"); `fit_pairs`
(larger steps where two products would not fit into the 16 bits that processors without VNNI add them in; without it the
layers whose sums are cut off there are named, `cut_off_without_vnni`); `bias_correction` (NNCF's fast one: true, false,
or `auto`, the default, where that is nearer to FP32 on photos that were held out); `keep_float` (names of layers that
stay in FP32); `method` (`most`: the smallest and largest values on 98 % of the calls, without those that go furthest;
`mean`: NNCF's own, of each value the mean of the calls' smallest and largest; `auto`, the default, keeps the one whose
outputs are nearest to FP32's on photos that were held out).

Beside the IR it leaves `quantisation.safetensors`: every number that NNCF chose, by the name of its constant: ranges of
activations, scales and zero points of weights, SmoothQuant's factors of activations, and corrected biases (`NAME` and,
as it was before, `NAME.before`).
"""

import os

# Before NNCF is imported: it reports its use over the network otherwise.
os.environ["NNCF_CI"] = "1"

# A type checker without these packages takes folders of their names for them.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Iterator
from typing import Any

import nncf
import numpy as np
import openvino
from cut_off import pair_tables, sums_beyond
from edgeworker.calibration import AUTO, Samples, batch_of, besides, best_of, median_error, trial_of
from edgeworker.keep_float import kept_in_float, told
from edgeworker.pair_sums import PHOTOS
from edgeworker.protocol import Request, main
from edgeworker.ranking import flat
from edgeworker.refusal import Refusal
from larger_steps import fit_pairs
from nncf.quantization.advanced_parameters import AdvancedSmoothQuantParameters
from nncf.quantization.range_estimator import RangeEstimatorParametersSet
from openvino import opset13
from outliers import extremes, without_outliers
from read_ir import read_ir
from safetensors.numpy import save_file
from small_weights import store_in_8_bits

PRESETS = {"mixed": nncf.QuantizationPreset.MIXED, "performance": nncf.QuantizationPreset.PERFORMANCE}
OVERFLOW = {
    "first_layer": nncf.OverflowFix.FIRST_LAYER,
    "enable": nncf.OverflowFix.ENABLE,
    "disable": nncf.OverflowFix.DISABLE,
}
OFF = -1.0
"""NNCF's word for no SmoothQuant."""
METHODS = ("most", "mean")
CORRECTED = ", biases corrected"
"""Behind the name of a method."""
MOST = 0.98


class Photos:
    """The calls of a calibration, as often as NNCF goes through them; one call's photos are in memory at a time."""

    def __init__(self, samples: Samples, batch: int, places: list[int]) -> None:
        self._samples, self._batch, self._places = samples, batch, places

    def __iter__(self) -> Iterator[np.ndarray]:
        """Every call in order."""
        return self._samples.batches(self._batch, self._places)

    def __len__(self) -> int:
        """How many calls."""
        return len(self._places) // self._batch

    def of_calls(self, calls: list[int]) -> "Photos":
        """Those of some of the calls."""
        size = self._batch
        places = [place for call in calls for place in self._places[call * size : (call + 1) * size]]
        return Photos(self._samples, size, places)


def quantize(request: Request) -> dict[str, Any]:
    """Write the IR and `quantisation.safetensors`; returns the method, and each one's error on held-out photos."""
    options = request.options
    nncf.set_log_level(40)
    samples, batch = Samples(request.inputs["calibration"]), batch_of(options)
    trial = trial_of(options, METHODS, samples, batch)
    model = read_ir(request.inputs["model.xml"], request.inputs["model.bin"])
    before = constants(model)
    keep = kept_in_float(options, [node.get_friendly_name() for node in model.get_ordered_ops()])
    photos = Photos(samples, batch, trial.looked_at)
    held_out = Photos(samples, batch, trial.held_out)
    truth = outputs_of(model, held_out)
    quantised: dict[str, openvino.Model] = {}
    errors: dict[str, float] = {}

    def attempt(name: str) -> None:
        """Quantise by the method of that name, and measure it."""
        quantised[name] = quantised_by(name, model, photos, keep, options)
        if truth:
            errors[name] = median_error(outputs_of(quantised[name], held_out), truth)

    correct = besides(options, "bias_correction")
    names = [method + CORRECTED if correct is True else method for method in trial.methods]
    for name in names:
        attempt(name)
    best = best_of(names, errors)
    if correct == AUTO and truth:
        attempt(best + CORRECTED)
        best = best_of([best, best + CORRECTED], errors)
    looked_at = photos.of_calls(list(range(min(PHOTOS // batch or 1, len(photos)))))
    if options.get("fit_pairs"):
        coarser, beyond = fit_pairs(quantised[best], model, looked_at)
    else:
        coarser, beyond = 0, list(sums_beyond(quantised[best], pair_tables(quantised[best], looked_at)))
    widened = store_in_8_bits(quantised[best], keep)
    path = request.output / "model.xml"
    openvino.save_model(quantised[best], path, compress_to_fp16=False)
    written = openvino.Core().read_model(path)
    record = chosen(constants(written), before) | zero_points(written)
    save_file(record, request.output / "quantisation.safetensors")
    return {
        "calibrated_on": len(samples),
        "errors": errors,
        "coarser": coarser,
        "stored_in_8_bits": widened,
        "build": {
            "calibration_method": best,
            **told(keep),
            **({"cut_off_without_vnni": beyond} if beyond else {}),
        },
    }


def quantised_by(
    name: str, model: openvino.Model, photos: Photos, keep: list[str], options: dict[str, Any]
) -> openvino.Model:
    """A copy of the model in INT8, by the method of that name; what was not changed keeps its name."""
    method = name.removesuffix(CORRECTED)
    if method == "most":
        photos = photos.of_calls(without_outliers(extremes(model, photos), MOST))
    quantised = nncf.quantize(
        model.clone(),
        nncf.Dataset(photos),
        preset=choice(options, "preset", PRESETS, "mixed"),
        model_type=nncf.ModelType.TRANSFORMER if options.get("model_type") == "transformer" else None,
        subset_size=len(photos),
        ignored_scope=nncf.IgnoredScope(names=keep) if keep else None,
        advanced_parameters=nncf.AdvancedQuantizationParameters(
            overflow_fix=choice(options, "overflow_fix", OVERFLOW, "first_layer"),
            disable_bias_correction=name == method,
            smooth_quant_alphas=smoothing(options),
            activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX if method == "most" else None,
        ),
    )
    means_in_two_steps(quantised)
    return quantised


def outputs_of(model: openvino.Model, calls: Photos) -> list[np.ndarray]:
    """All outputs of each call, float64."""
    if not len(calls):
        return []
    compiled = openvino.compile_model(model, "CPU")
    return [flat(compiled(call).values()) for call in calls]


def choice(options: dict[str, Any], name: str, known: dict[str, Any], usual: str) -> Any:
    """One of an option's values. Raises Refusal (input) for another."""
    asked = options.get(name, usual)
    if asked not in known:
        raise Refusal(f"{name} is {' or '.join(known)}, not {asked}", kind="input")
    return known[asked]


def smoothing(options: dict[str, Any]) -> AdvancedSmoothQuantParameters:
    """The exponents of SmoothQuant; for products alone. Raises Refusal (input) for what NNCF would pass over."""
    alpha = options.get("smooth_quant")
    if alpha is None:
        return AdvancedSmoothQuantParameters(convolution=OFF, matmul=OFF)
    if options.get("model_type") != "transformer":
        raise Refusal("smooth_quant is for model_type transformer alone", kind="input")
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 <= alpha <= 1:
        raise Refusal(f"smooth_quant is a number from 0 to 1, not {alpha}", kind="input")
    return AdvancedSmoothQuantParameters(convolution=OFF, matmul=float(alpha))


def means_in_two_steps(model: openvino.Model) -> int:
    """Have means keep the dimensions that they are over, and drop these in a step of their own; returns how many.

    OpenVINO 2026.4.1's CPU plugin fuses what follows into a mean that drops them, a factor for each channel and a
    quantisation, and gives other numbers: pcpvt_small with SmoothQuant had 7.3 dB instead of 22.7 (docs/toolchains.md).
    """
    count = 0
    for node in list(model.get_ordered_ops()):
        if node.get_type_name() != "ReduceMean" or node.get_attributes()["keep_dims"]:
            continue
        source, axes, name = node.input_value(0), node.input_value(1), node.get_friendly_name()
        dropped = opset13.squeeze(opset13.reduce_mean(source, axes, True), axes)
        for reader in node.output(0).get_target_inputs():
            reader.replace_source_output(dropped.output(0))
        node.set_friendly_name(f"{name}/dropped")
        dropped.set_friendly_name(name)
        count += 1
    model.validate_nodes_and_infer_types()
    return count


def constants(model: openvino.Model) -> dict[str, np.ndarray]:
    """Every constant by its layer's name."""
    return {
        node.get_friendly_name(): np.array(node.data)
        for node in model.get_ordered_ops()
        if node.get_type_name() == "Constant"
    }


def zero_points(model: openvino.Model) -> dict[str, np.ndarray]:
    """The constants that are taken from integers before these are scaled, where weights are not symmetric."""
    found = {}
    for node in model.get_ordered_ops():
        if node.get_type_name() != "Subtract":
            continue
        source = node.input_value(1).get_node()
        source = source.input_value(0).get_node() if source.get_type_name() == "Convert" else source
        if source.get_type_name() == "Constant":
            found[source.get_friendly_name()] = np.ascontiguousarray(np.atleast_1d(source.data))
    return found


def chosen(after: dict[str, np.ndarray], before: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What NNCF chose: every floating-point constant that was not there before, or was another."""
    found = {}
    for name, values in after.items():
        earlier = before.get(name)
        if values.dtype.kind != "f" or (earlier is not None and earlier.tobytes() == values.tobytes()):
            continue
        found[name] = np.ascontiguousarray(np.atleast_1d(values))
        if earlier is not None:
            found[f"{name}.before"] = np.ascontiguousarray(np.atleast_1d(earlier))
    return found


if __name__ == "__main__":
    main(quantize, tools=("nncf", "openvino"))
