"""What a configuration says of the outputs: labels with thresholds, or features."""

import pytest
import yaml

from edgekit.configuration.outputs import SaidOfOutputs, said_of_outputs
from edgekit.errors import UsageError


def said(text: str) -> SaidOfOutputs:
    return said_of_outputs(yaml.safe_load(text), "inference.yml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PostProcess: {Topk: {topk: 5}}", SaidOfOutputs()),
        ("PostProcess: {MultiLabelThreshOutput: {threshold: 0.7}}", SaidOfOutputs("sigmoid", (0.7,))),
        ("PostProcess: {main_indicator: FaceAttribute, FaceAttribute: {}}", SaidOfOutputs("sigmoid", (0.65,))),
        ("PostProcess: {transform_ops: [{NormalizeFeatures: null}]}", SaidOfOutputs("features")),
        ("PostProcess: {NormalizeFeatures: null}", SaidOfOutputs("features")),
        ("RecPreProcess: {transform_ops: []}\nRecPostProcess: null", SaidOfOutputs("features")),
        ("Arch: {name: RecModel, infer_output_key: features}", SaidOfOutputs("features")),
        ("Global: {use_multilabel: true}", SaidOfOutputs("sigmoid")),
        ("Infer: {PostProcess: {name: MultiLabelThreshOutput, threshold: 0.4}}", SaidOfOutputs("sigmoid", (0.4,))),
        ("PostProcess: {VehicleAttribute: {type_threshold: 0.6}}", SaidOfOutputs("sigmoid", (0.5,) * 10 + (0.6,) * 9)),
        ("PostProcess: nothing\nArch: nothing\nInfer: [1]", SaidOfOutputs()),
    ],
)
def test_paddleclas_s_and_paddlex_s_words(text: str, expected: SaidOfOutputs) -> None:
    assert said(text) == expected


def test_a_person_s_attributes_have_thresholds_of_their_own() -> None:
    thresholds = said("PostProcess: {PersonAttribute: {threshold: 0.55, hold_threshold: 0.8}}").thresholds
    assert len(thresholds) == 26
    assert {thresholds[1], thresholds[18]} == {0.3, 0.8}
    assert set(thresholds) == {0.55, 0.3, 0.8}


@pytest.mark.parametrize("value", ["1.5", "0", "-1", "often", "[0.5]", ".nan"])
def test_a_threshold_that_is_none_is_named(value: str) -> None:
    with pytest.raises(UsageError, match=r"inference\.yml gives MultiLabelThreshOutput a threshold that is no prob"):
        said(f"PostProcess: {{MultiLabelThreshOutput: {{threshold: {value}}}}}")
