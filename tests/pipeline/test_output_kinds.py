"""What outputs are: by the user's word, the program's end, the configuration beside it, in this order."""

from pathlib import Path
from typing import Any

import pytest

from edgekit.conversion.manifest import model_record, tensor_specs
from edgekit.errors import UsageError
from edgekit.parity.verdict import OutputKind
from edgekit.pipeline.output_kinds import parse_output_kinds, told_outputs
from edgekit.pipeline.source import ProgramSource, program_source

MULTILABEL = "PostProcess: {MultiLabelThreshOutput: {threshold: 0.7, label_list: [a, b, c]}}"
FEATURES = "PostProcess: {NormalizeFeatures: null}"


def source(folder: Path, cache: Path, configuration: str = "", **options: Any) -> ProgramSource:
    for name in ("inference.pdmodel", "inference.pdiparams"):
        (folder / name).write_bytes(b"0123")
    if configuration:
        (folder / "inference.yml").write_text(configuration)
    return program_source(folder, cache, name="net", **options)


def output(kind: OutputKind = "logits", known_from: str = "", shape: tuple[int, ...] = (1, 3)) -> dict[str, Any]:
    return {"name": "out", "shape": list(shape), "dtype": "float32", "kind": kind, "known_from": known_from}


@pytest.mark.parametrize(
    ("text", "expected"),
    [(None, {}), ("features", {"": "features"}), ("a=logits, b/c=sigmoid", {"a": "logits", "b/c": "sigmoid"})],
)
def test_the_flag(text: str | None, expected: dict[str, str]) -> None:
    assert parse_output_kinds(text) == expected


@pytest.mark.parametrize("text", ["", "feature", "a=", "a=features,", "image"])
def test_a_kind_that_there_is_not(text: str) -> None:
    with pytest.raises(UsageError, match="there is no kind") as raised:
        parse_output_kinds(text)
    assert "logits, probabilities, sigmoid or features" in raised.value.remedy


def told(model: ProgramSource, **described: Any) -> tuple[str, str, tuple[float, ...]]:
    (one,) = told_outputs(model, [output(**described)])
    return one["kind"], one["known_from"], one["thresholds"]


def test_the_configuration_gives_thresholds_to_a_sigmoid(tmp_path: Path, cache: Path) -> None:
    model = source(tmp_path, cache, MULTILABEL)
    assert told(model, kind="sigmoid", known_from="its end") == ("sigmoid", "its end", (0.7,))
    # Values before a sigmoid are logits, whatever is done with them later.
    assert told(model) == ("logits", "", ())
    assert model.described.labels is not None
    assert model.described.labels.names == ("a", "b", "c")


def test_the_configuration_says_features_where_the_program_does_not(tmp_path: Path, cache: Path) -> None:
    model = source(tmp_path, cache, FEATURES)
    assert told(model) == ("features", "inference.yml", ())
    assert told(model, kind="probabilities", known_from="its end") == ("probabilities", "its end", ())


def test_the_user_s_word_counts_most(tmp_path: Path, cache: Path) -> None:
    model = source(tmp_path, cache, FEATURES, output_kinds={"": "logits"})
    assert told(model, kind="features", known_from="its end") == ("logits", "--output-kind", ())
    with pytest.raises(UsageError, match=r"net has no output other\. It has out"):
        told(source(tmp_path, cache, output_kinds={"other": "logits"}))


def test_thresholds_for_other_labels_are_named(tmp_path: Path, cache: Path) -> None:
    model = source(tmp_path, cache, "PostProcess: {PersonAttribute: {}}")
    with pytest.raises(UsageError, match="thresholds for 26 labels, and net has 3"):
        told(model, kind="sigmoid")
    assert len(told(model, kind="sigmoid", shape=(1, 26, 1, 1))[2]) == 26


def test_features_are_of_no_class(tmp_path: Path, cache: Path) -> None:
    model = source(tmp_path, cache, "PostProcess: {Topk: {label_list: [a, b]}}")
    record = model_record(model, tensor_specs([output("features", shape=(1, 64, 1, 1))], {}))
    assert (record.class_count, record.feature_count, record.class_names) == (None, 64, None)
    record = model_record(model, tensor_specs([output(shape=(1, 2))], {}))
    assert (record.class_count, record.feature_count, record.class_names) == (2, None, ("a", "b"))
