"""Small bundles made for tests: real numbers of a small network, computed in FP32, TF32, FP16 and float64."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace

from edgekit.inputs.golden import Kind
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.inputs.size import Size
from edgekit.reference.bundle import Bundle, write_bundle
from edgekit.reference.description import (
    ArithmeticPart,
    BackendPart,
    Description,
    DevicePart,
    InputsPart,
    ModelPart,
    OutputPart,
    ProgramPart,
    WeightsPart,
)
from edgekit.reference.match import Subject
from edgekit.reference.tensors import tensor_sha256

SAMPLES, WIDTH, DEPTH, CLASSES = 10, 128, 6, 40
LABELS = tuple(f"sample {index}" for index in range(SAMPLES))
KINDS: tuple[Kind, ...] = ("photo",) * 8 + ("synthetic",) * 2
GPU = DevicePart("gpu", "Test GPU", "8.6", "580.95.05", "13.0")
CPU = DevicePart("cpu", "Test CPU")


def keep_bits(values: np.ndarray, bits: int) -> np.ndarray:
    """Float32 values rounded to `bits` explicit bits of mantissa, ties to even: 10 is TF32, 7 is bfloat16."""
    drop = 23 - bits
    raw = np.ascontiguousarray(values, np.float32).view(np.uint32).astype(np.uint64)
    raw = (raw + (1 << (drop - 1)) - 1 + ((raw >> drop) & 1)) >> drop << drop
    return raw.astype(np.uint32).view(np.float32).reshape(values.shape)


@dataclass(frozen=True)
class Network:
    """A multilayer perceptron with ReLU: enough products and sums for the arithmetics to differ as in a real one."""

    layers: tuple[np.ndarray, ...]
    inputs: np.ndarray

    @classmethod
    def of(cls, seed: int = 0) -> "Network":
        rng = np.random.default_rng(seed)
        widths = [WIDTH] * DEPTH + [CLASSES]
        layers, size = [], WIDTH
        for width in widths:
            layers.append((rng.standard_normal((size, width)) * (2 / size) ** 0.5).astype(np.float32))
            size = width
        return cls(tuple(layers), rng.standard_normal((SAMPLES, WIDTH)).astype(np.float32))

    def run(self, arithmetic: str) -> np.ndarray:
        """Logits [samples, classes] in float64, fp32, tf32 (products of 10-bit factors, FP32 sums), bf16 or fp16.

        fp32-reversed sums in the other order: another correct engine.
        """
        if arithmetic == "float64":
            return self.forward(np.float64, lambda x: x)
        if arithmetic == "fp32-reversed":
            return self.forward(np.float32, lambda x: x, order=-1)
        rounding: Any = {
            "fp32": lambda x: x,
            "tf32": lambda x: keep_bits(x, 10),
            "bf16": lambda x: keep_bits(x, 7),
            "fp16": lambda x: x.astype(np.float16).astype(np.float32),
        }[arithmetic]
        values = self.forward(np.float32, rounding)
        return rounding(values) if arithmetic == "fp16" else values

    def forward(self, dtype: Any, rounding: Any, order: int = 1) -> np.ndarray:
        values = self.inputs.astype(dtype)
        for index, weights in enumerate(self.layers):
            factors, weights = rounding(values)[:, ::order], rounding(weights.astype(dtype))[::order]
            values = np.zeros((len(factors), weights.shape[1]), dtype)
            # Term by term: numpy's own product sums in an order of its own, and more exactly.
            for term in range(factors.shape[1]):
                values += factors[:, term : term + 1] * weights[term]
            values = np.maximum(values, 0) if index < len(self.layers) - 1 else values
        return values


def described(outputs: dict[str, np.ndarray], **changes: Any) -> Description:
    """A description that fits `outputs`."""
    description = Description(
        edgekit="0.1.0",
        recorded="2026-11-20T10:00:00+00:00",
        model=ModelPart("Net", "Test", "Net", CLASSES),
        weights=WeightsPart("synthetic", "synthetic:0"),
        program=ProgramPart("a" * 64, "b" * 64, 64, 1),
        inputs=InputsPart("c" * 64, {"x": (SAMPLES, 3, 64, 64)}, LABELS, KINDS, Preprocessing(), (), 2),
        backend=BackendPart("onnxruntime-cuda", {"onnxruntime-gpu": "1.31.1"}),
        device=GPU,
        arithmetic=ArithmeticPart(),
        outputs={name: OutputPart(value.shape, tensor_sha256(name, value)) for name, value in outputs.items()},
    )
    return replace(description, **changes)


def written(path: Path, logits: np.ndarray, **changes: Any) -> Bundle:
    """A bundle with one output on disk."""
    outputs = {"logits": logits.astype(np.float32)}
    description = described(outputs, **changes)
    write_bundle(path, description, outputs)
    return Bundle(path, description)


def subject(**changes: Any) -> Subject:
    """What `described` fits."""
    fields: dict[str, Any] = {
        "model": "Net",
        "architecture": "Net",
        "class_count": CLASSES,
        "input_size": Size.of(64),
        "batch": 1,
        "weights_spec": "synthetic:0",
        "weights_sha256": "",
        "graph_sha256": "a" * 64,
        "parameters_sha256": "b" * 64,
        "samples_sha256": "c" * 64,
        "sample_count": SAMPLES,
    }
    return Subject(**{**fields, **changes})
