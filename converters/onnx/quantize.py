"""INT8 of `model.onnx`: static quantisation by ONNX Runtime, as QuantizeLinear and DequantizeLinear (QDQ).

Inputs: `model.onnx`, `calibration` (prepared photos). Options: `batch`; `keep_float` (names of nodes that stay in
FP32); `form` (`onnxruntime`, the default, or `tensorrt`: for which of them it is); `fit_pairs` (larger steps
where two products would not fit into 16 bits); `operators` (types that are quantised, the form's own where absent);
`method` (`minmax`, `most`, `nine_tenths`; `auto`, the default, keeps the one whose outputs are nearest to FP32's on
photos that were held out).

Weights are symmetric and per channel. For ONNX Runtime activations are unsigned: on x86 it has fast kernels for
unsigned ones alone (measured: with signed ones the whole gain is lost). TensorRT takes signed and symmetric ones alone,
with zero points of 0, and biases in floating point; there what multiplies with weights reads values in 8 bits, and the
rest is TensorRT's to fuse ("Explicit Quantization" in its developer guide). `activation_ranges` has the methods.

With `fit_pairs` the model computes the same on processors without VNNI (`pair_sums`; docs/precision.md has what it
costs, and what it saves); without it the weights whose sums are cut off there are named (`cut_off_without_vnni`).

Beside the model it leaves `quantisation.safetensors`: every scale and zero point as it was chosen, by the name that the
model gives it. The ledger compares them with what an artifact stores.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from activation_ranges import METHODS, PhotoRanges
from edgeworker.calibration import Samples, batch_of, best_of, median_error, trial_of
from edgeworker.keep_float import kept_in_float, told
from edgeworker.pair_sums import PHOTOS
from edgeworker.protocol import Request, main
from edgeworker.ranking import flat
from edgeworker.refusal import Refusal
from fit_pairs import Coarser, cut_off, fitted, overrides
from float_ends import end_in_float
from gemm import with_gemm
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.calibrate import TensorsData, save_tensors_data
from onnxruntime.quantization.shape_inference import quant_pre_process
from safetensors.numpy import save_file

WEIGHTED = ("Conv", "ConvTranspose", "Gemm", "MatMul")


@dataclass(frozen=True)
class Form:
    """What a reader of QDQ takes: the type of activations, the operators that are quantised (None: ONNX Runtime's
    choice), and further options of ONNX Runtime's quantiser."""

    activations: QuantType
    operators: tuple[str, ...] | None
    options: dict[str, Any] = field(default_factory=dict)


FORMS = {
    "onnxruntime": Form(QuantType.QUInt8, None, {"ActivationSymmetric": False}),
    "tensorrt": Form(
        QuantType.QInt8,
        WEIGHTED,
        {
            "ActivationSymmetric": True,
            "QuantizeBias": False,
            "OpTypesToExcludeOutputQuantization": list(WEIGHTED),
        },
    ),
}


def quantize(request: Request) -> dict[str, Any]:
    """Write `model.onnx` and `quantisation.safetensors`; returns how many nodes of each type read quantised values, the
    method, and each one's error on held-out photos.
    """
    options = request.options
    if (form := FORMS.get(options.get("form", "onnxruntime"))) is None:
        raise Refusal(f"form is {' or '.join(FORMS)}, not {options['form']}", kind="input")
    operators = options.get("operators", form.operators)
    samples, batch = Samples(request.inputs["calibration"]), batch_of(options)
    trial = trial_of(options, METHODS, samples, batch)
    prepared, path = request.output / "prepared.onnx", request.output / "model.onnx"
    logging.getLogger().setLevel(logging.ERROR)
    # Shapes of all tensors; the graph itself is OnnxSlim's already.
    quant_pre_process(
        str(request.inputs["model.onnx"]), str(prepared), skip_optimization=True, skip_symbolic_shape=True
    )
    if form is FORMS["onnxruntime"]:
        onnx.save(with_gemm(onnx.load(prepared)), prepared)
    keep = kept_in_float(options, [node.name for node in onnx.load(prepared).graph.node])
    ranges = PhotoRanges(prepared, request.output / "augmented.onnx", samples.batches(batch, trial.looked_at))
    methods = ranges.different(trial.methods)
    truth = outputs_of(prepared, samples.batches(batch, trial.held_out)) if trial.held_out else []
    errors: dict[str, float] = {}
    for method in methods:
        tried = request.output / f"{method}.onnx"
        write_quantised(prepared, tried, ranges.of(method), keep, form, operators)
        if truth:
            errors[method] = median_error(outputs_of(tried, samples.batches(batch, trial.held_out)), truth)
    best = best_of(methods, errors)
    for method in methods:
        tried = request.output / f"{method}.onnx"
        tried.unlink() if method != best else tried.rename(path)
    coarser: dict[str, Coarser] = {}
    if options.get("fit_pairs"):

        def write(wanted: dict[str, Coarser]) -> None:
            write_quantised(prepared, path, ranges.of(best), keep, form, operators, overrides(prepared, wanted))

        coarser = fitted(path, prepared, samples.batches(batch, trial.looked_at[:PHOTOS]), write)
    beyond: list[str] = []
    if form is FORMS["onnxruntime"] and not options.get("fit_pairs"):
        beyond = cut_off(path, prepared, samples.batches(batch, trial.looked_at[:PHOTOS]))
    prepared.unlink()
    onnx.checker.check_model(str(path))
    quantised = onnx.load(path)
    save_file(parameters_of(quantised), request.output / "quantisation.safetensors")
    return {
        "quantised": counted(quantised),
        "calibrated_on": len(samples),
        "errors": errors,
        "coarser": sum(int((one.factor > 1).sum()) for one in coarser.values()),
        "build": {"calibration_method": best, **told(keep), **({"cut_off_without_vnni": beyond} if beyond else {})},
    }


def write_quantised(
    prepared: Path,
    path: Path,
    ranges: TensorsData,
    keep: list[str],
    form: Form,
    operators: Iterable[str] | None,
    overrides: Mapping[str, list[dict[str, Any]]] | None = None,
) -> None:
    """Write a model whose activations have these ranges, as QDQ of that form; `overrides` are of weights' ranges."""
    known = path.with_suffix(".json")
    save_tensors_data(ranges, known)
    quantize_static(
        str(prepared),
        str(path),
        None,
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=None if operators is None else list(operators),
        per_channel=True,
        reduce_range=False,
        activation_type=form.activations,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=keep,
        calibrate_method=CalibrationMethod.MinMax,
        extra_options={"WeightSymmetric": True, "TensorQuantOverrides": dict(overrides or {}), **form.options},
        calibration_cache_path=str(known),
    )
    known.unlink()
    if form is FORMS["onnxruntime"]:
        model = onnx.load(path)
        end_in_float(model, onnx.load(prepared))
        onnx.save(model, path)


def outputs_of(path: Path, calls: Iterable[np.ndarray]) -> list[np.ndarray]:
    """All outputs of each call, float64."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (image,) = session.get_inputs()
    return [flat(session.run(None, {image.name: photos})) for photos in calls]


def parameters_of(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Every scale and zero point, by its name."""
    read = {name for node in model.graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")
            for name in node.input[1:]}  # fmt: skip
    return {
        tensor.name: np.atleast_1d(numpy_helper.to_array(tensor))
        for tensor in model.graph.initializer
        if tensor.name in read
    }


def counted(model: onnx.ModelProto) -> dict[str, int]:
    """How many nodes of each type read dequantised values."""
    dequantised = {node.output[0] for node in model.graph.node if node.op_type == "DequantizeLinear"}
    found: dict[str, int] = {}
    for node in model.graph.node:
        if node.op_type not in ("QuantizeLinear", "DequantizeLinear") and dequantised & set(node.input):
            found[node.op_type] = found.get(node.op_type, 0) + 1
    return found


if __name__ == "__main__":
    main(quantize, tools=("onnxruntime", "onnx"))
