"""INT8 of OpenVINO IR: post-training quantisation by NNCF, without torch.

Inputs: `model.xml`, `model.bin`, `calibration` (prepared photos). Options: `batch`; `preset` ("mixed": asymmetric
activations, "performance": symmetric ones); `model_type` ("transformer", for what has attention); `smooth_quant` (0 to
1, with "transformer" alone: SmoothQuant's exponent, how much of their range the activations of products give to the
weights); `overflow_fix` ("first_layer" as NNCF does it, "enable": all weights in 7 bits, for processors without VNNI,
"disable"); `bias_correction` (default true); `keep_float` (names of layers that stay in FP32).

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
from edgeworker.calibration import Samples, batch_of
from edgeworker.keep_float import kept_in_float, told
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from nncf.quantization.advanced_parameters import AdvancedSmoothQuantParameters
from openvino import opset13
from read_ir import read_ir
from safetensors.numpy import save_file

PRESETS = {"mixed": nncf.QuantizationPreset.MIXED, "performance": nncf.QuantizationPreset.PERFORMANCE}
OVERFLOW = {
    "first_layer": nncf.OverflowFix.FIRST_LAYER,
    "enable": nncf.OverflowFix.ENABLE,
    "disable": nncf.OverflowFix.DISABLE,
}
OFF = -1.0
"""NNCF's word for no SmoothQuant."""


class Photos:
    """The calls of a calibration, as often as NNCF goes through them; one call's photos are in memory at a time."""

    def __init__(self, samples: Samples, batch: int) -> None:
        self._samples, self._batch = samples, batch

    def __iter__(self) -> Iterator[np.ndarray]:
        """Every call in order."""
        return self._samples.batches(self._batch)

    def __len__(self) -> int:
        """How many calls."""
        return len(self._samples) // self._batch


def quantize(request: Request) -> dict[str, Any]:
    """Write the IR and `quantisation.safetensors`; returns how many layers of each type read quantised values."""
    options = request.options
    nncf.set_log_level(40)
    model = read_ir(request.inputs["model.xml"], request.inputs["model.bin"])
    before = constants(model)
    samples = Samples(request.inputs["calibration"])
    photos = Photos(samples, batch_of(options))
    keep = kept_in_float(options, [node.get_friendly_name() for node in model.get_ordered_ops()])
    quantised = nncf.quantize(
        model,
        nncf.Dataset(photos),
        preset=choice(options, "preset", PRESETS, "mixed"),
        model_type=nncf.ModelType.TRANSFORMER if options.get("model_type") == "transformer" else None,
        subset_size=len(photos),
        ignored_scope=nncf.IgnoredScope(names=keep) if keep else None,
        advanced_parameters=nncf.AdvancedQuantizationParameters(
            overflow_fix=choice(options, "overflow_fix", OVERFLOW, "first_layer"),
            disable_bias_correction=not options.get("bias_correction", True),
            smooth_quant_alphas=smoothing(options),
        ),
    )
    means_in_two_steps(quantised)
    path = request.output / "model.xml"
    openvino.save_model(quantised, path, compress_to_fp16=False)
    written = openvino.Core().read_model(path)
    record = chosen(constants(written), before) | zero_points(written)
    save_file(record, request.output / "quantisation.safetensors")
    return {"calibrated_on": len(samples), "build": told(keep)}


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
