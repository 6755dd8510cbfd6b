"""What counts as the same computation: `opt`'s ways for each target do, a changed model does not."""

from dataclasses import replace

import pytest


@pytest.fixture
def arm(nb_format, tiny_files):
    return nb_format.read_nb(tiny_files["arm"])


@pytest.fixture
def x86(nb_format, tiny_files):
    return nb_format.read_nb(tiny_files["x86"])


def changed(model, index, **fields):
    """The model with one operator's fields replaced."""
    operators = list(model.operators)
    operators[index] = replace(operators[index], **fields)
    return replace(model, operators=operators)


def test_both_targets_files_compute_the_same(dataflow, arm, x86):
    mine, theirs = dataflow.trace(arm), dataflow.trace(x86)
    assert mine.outputs == theirs.outputs
    assert list(mine.outputs) == ["logits"]
    assert len(mine.outputs["logits"]) > 20
    assert [step.place.split(", ")[1] for step in mine.steps] == [
        "conv2d with conv.w -> " + arm.operators[1].outputs["Output"][0],
        "swish -> " + arm.operators[2].outputs["Out"][0],
        "pool2d -> " + arm.operators[3].outputs["Out"][0],
        "fc with fc.w -> logits",
    ]


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("strides", [1, 1]), ("paddings", [0, 0]), ("groups", 3), ("act_type", "relu"), ("fuse_relu", True)],
)
def test_a_changed_attribute_is_noticed_from_its_operator_on(dataflow, arm, attribute, value):
    attributes = {**arm.operators[1].attributes, attribute: value}
    other = dataflow.trace(changed(arm, 1, attributes=attributes))
    mine = dataflow.trace(arm)
    assert other.outputs != mine.outputs
    assert not {step.fingerprint for step in other.steps} & {step.fingerprint for step in mine.steps}


def test_a_wrong_wire_is_noticed(dataflow, arm):
    source = arm.operators[1].outputs["Output"]
    assert dataflow.trace(changed(arm, 3, inputs={"X": source})).outputs != dataflow.trace(arm).outputs


def test_exchanged_parameters_are_noticed(dataflow, arm):
    inputs = arm.operators[4].inputs | {"Bias": ["conv.b"]}
    assert dataflow.trace(changed(arm, 4, inputs=inputs)).outputs != dataflow.trace(arm).outputs


def test_a_missing_operator_is_noticed(dataflow, arm):
    without = replace(arm, operators=[op for op in arm.operators if op.type != "swish"])
    assert dataflow.trace(without).outputs != dataflow.trace(arm).outputs


def test_a_fused_activation_is_the_operator_it_replaces(dataflow, nb_format, arm):
    fused = changed(arm, 1, attributes={**arm.operators[1].attributes, "with_act": True, "act_type": "relu"})
    result = arm.operators[1].outputs["Output"]
    relu = nb_format.Operator("relu", {"X": result}, {"Out": result}, {})
    apart = replace(arm, operators=[*arm.operators[:2], relu, *arm.operators[2:]])
    assert dataflow.trace(fused).outputs == dataflow.trace(apart).outputs
    assert dataflow.trace(fused).outputs != dataflow.trace(arm).outputs


def test_conversions_between_precisions_compute_nothing(dataflow, nb_format, arm):
    calib = nb_format.Operator("calib", {"Input": ["logits"]}, {"Out": ["logits/precision_trans"]}, {})
    fetch = nb_format.Operator("fetch", {"X": ["logits/precision_trans"]}, {"Out": ["fetch"]}, {"col": 0})
    fp16 = replace(arm, operators=[*arm.operators[:-1], calib, fetch])
    assert dataflow.trace(fp16).outputs == dataflow.trace(arm).outputs


def test_a_variable_overwritten_too_early_is_noticed(dataflow, nb_format, arm):
    """Memory is reused on ARM: the shape that flatten notes must not land in a value still needed."""
    result = arm.operators[1].outputs["Output"][0]
    flatten = nb_format.Operator("flatten2", {"X": ["x"]}, {"Out": ["unused"], "XShape": [result]}, {})
    spoilt = replace(arm, operators=[*arm.operators[:2], flatten, *arm.operators[2:]])
    assert dataflow.trace(spoilt).outputs != dataflow.trace(arm).outputs


def test_an_operator_without_its_operand_is_damage(dataflow, nb_format, arm):
    with pytest.raises(nb_format.Damaged, match="fc has 0 of W where it needs one"):
        dataflow.trace(changed(arm, 4, inputs={"Input": ["x"]}))
