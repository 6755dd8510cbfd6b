"""What a configuration beside a model says of its outputs: labels with thresholds, or features."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from edgekit.errors import UsageError
from edgekit.parity.verdict import OutputKind

PERSON, GLASSES, HOLDING = 26, 1, 18
COLOURS, VEHICLES = 10, 9
TABLE = ("source", "number", "color", "clarity", "obstruction", "angle")


@dataclass(frozen=True)
class SaidOfOutputs:
    """`kind` is what the outputs are for, None where nothing is said; `thresholds` those of labels, one for all or one
    for each."""

    kind: OutputKind | None = None
    thresholds: tuple[float, ...] = ()


def said_of_outputs(document: Mapping[str, Any], path: object) -> SaidOfOutputs:
    """From `PostProcess` (PaddleClas's and PaddleX's), or a training configuration's `Arch` and `Global`.

    Raises UsageError where a threshold is no number between 0 and 1; `path` is for the message.
    """
    for name, options in post_processing(document):
        if name in ("NormalizeFeatures", "RecPostProcess"):
            return SaidOfOutputs("features")
        if name in THRESHOLDS:
            try:
                thresholds = tuple(float(value) for value in THRESHOLDS[name](options))
            except (TypeError, ValueError):
                thresholds = (-1.0,)
            if not all(0 < value < 1 for value in thresholds):
                raise UsageError(
                    f"{path} gives {name} a threshold that is no probability between 0 and 1",
                    "Correct it, or leave it out.",
                )
            return SaidOfOutputs("sigmoid", thresholds)
    if isinstance(document.get("RecPreProcess"), Mapping):
        # Of a recogniser behind a detector, which searches an index of features.
        return SaidOfOutputs("features")
    architecture, common = document.get("Arch"), document.get("Global")
    if isinstance(architecture, Mapping) and architecture.get("infer_output_key") == "features":
        return SaidOfOutputs("features")
    if isinstance(common, Mapping) and common.get("use_multilabel") is True:
        return SaidOfOutputs("sigmoid")
    return SaidOfOutputs()


def post_processing(document: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """The steps after the model, each by its name with its options; a training configuration has them in `Infer`."""
    infer = document.get("Infer")
    block = document.get("PostProcess") or (infer.get("PostProcess") if isinstance(infer, Mapping) else None)
    if isinstance(block, Mapping) and "transform_ops" in block:
        block = block["transform_ops"]
    tables = block if isinstance(block, list) else [block]
    found = []
    for table in tables:
        if not isinstance(table, Mapping):
            continue
        if isinstance(name := table.get("name"), str):
            # `PostProcess: {name: Topk, topk: 5}`, as training configurations write it.
            found.append((name, table))
        found += [(str(key), value if isinstance(value, Mapping) else {}) for key, value in table.items()]
    return found


def person(options: Mapping[str, Any]) -> list[float]:
    """PaddleClas's PersonAttribute: two of 26 labels have thresholds of their own."""
    values = [options.get("threshold", 0.5)] * PERSON
    values[GLASSES] = options.get("glasses_threshold", 0.3)
    values[HOLDING] = options.get("hold_threshold", 0.6)
    return values


def vehicle(options: Mapping[str, Any]) -> list[float]:
    """PaddleClas's VehicleAttribute: ten colours, then nine types."""
    return [options.get("color_threshold", 0.5)] * COLOURS + [options.get("type_threshold", 0.5)] * VEHICLES


def table(options: Mapping[str, Any]) -> list[float]:
    """PaddleClas's TableAttribute: six labels, each with a threshold."""
    return [options.get(f"{name}_threshold", 0.5) for name in TABLE]


# With the defaults of PaddleClas 2.6, deploy/python/postprocess.py.
THRESHOLDS: Mapping[str, Callable[[Mapping[str, Any]], list[float]]] = {
    "MultiLabelThreshOutput": lambda options: [options.get("threshold", 0.5)],
    "FaceAttribute": lambda options: [options.get("threshold", 0.65)],
    "PersonAttribute": person,
    "VehicleAttribute": vehicle,
    "TableAttribute": table,
}
