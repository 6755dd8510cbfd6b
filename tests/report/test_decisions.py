"""What tables say of classes, labels and features."""

import numpy as np
import pytest
from msgspec.structs import replace

from edgekit.artifact.manifest import Manifest, ModelRecord, TensorSpec, WeightsRecord
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.parity import OutputFigures, Tolerance
from edgekit.parity.judge import judge
from edgekit.parity.verdict import OutputKind
from edgekit.report.decisions import agreement_heading, compared_values, decision, what_it_gives

MANIFEST = Manifest(
    edgekit="0.1.0",
    target="onnx",
    precision="fp32",
    batch=1,
    model=ModelRecord("M", "F", "A", 10),
    weights=WeightsRecord("demo", "demo", "0" * 64),
    preprocessing=Preprocessing(),
    inputs=(),
    outputs=(TensorSpec("y", "y", (1, 10), "float32"),),
    program_key="1" * 64,
    stages=(),
    rewrites=(),
    files={},
)


def figures(kind: OutputKind, classes: int = 4) -> OutputFigures:
    values = np.random.default_rng(0).uniform(0.1, 0.9, (3, classes))
    if kind == "probabilities":
        values /= values.sum(axis=1, keepdims=True)
    return judge(values, values, values, Tolerance(), "fp32", ["a", "b", "c"], kind).outputs["output"]


@pytest.mark.parametrize(
    ("kind", "classes", "decided", "heading", "compared"),
    [
        ("logits", 4, "class", "top-1", "of any output on 3 golden inputs"),
        ("logits", 1, "label", "labels", "of any output on 3 golden inputs"),
        ("probabilities", 4, "class", "top-1", "of any output's log-probabilities on 3"),
        ("sigmoid", 4, "label", "labels", "of any label's logit on 3"),
        ("features", 4, "neighbour", "nearest", "of any output on 3 golden inputs"),
    ],
)
def test_each_kind_has_its_words(kind: OutputKind, classes: int, decided: str, heading: str, compared: str) -> None:
    found = figures(kind, classes)
    assert decision(found) == decided
    assert agreement_heading([None, found]) == f"{heading}\nphotos"
    assert compared_values(found).startswith(compared)


def test_without_figures_classes_are_meant() -> None:
    assert agreement_heading([None]) == "top-1\nphotos"


@pytest.mark.parametrize(
    ("model", "kind", "expected"),
    [
        (ModelRecord("M", "F", "A", 10), "logits", "10 classes"),
        (ModelRecord("M", "F", "A", 1), "logits", "1 class"),
        (ModelRecord("M", "F", "A", 1), "sigmoid", "1 label"),
        (ModelRecord("M", "F", "A", 33), "sigmoid", "33 labels"),
        (ModelRecord("M", "F", "A", None, feature_count=64), "features", "64 features"),
    ],
)
def test_how_many_of_what(model: ModelRecord, kind: OutputKind, expected: str) -> None:
    outputs = (replace(MANIFEST.outputs[0], kind=kind),)
    assert what_it_gives(replace(MANIFEST, model=model, outputs=outputs)) == expected
