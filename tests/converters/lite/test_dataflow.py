"""What counts as the same computation: `opt`'s ways for each target do, a changed model does not."""

from dataclasses import replace

import numpy as np
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


# Host, activation, what the fused operator says of it, what its own operator says, and another value for one of these.
FUSED = [
    ("conv2d", "relu", {"fuse_relu": True}, {}),
    ("conv2d", "relu6", {"fuse_brelu_threshold": 6.0}, {"threshold": 6.0}),
    ("depthwise_conv2d", "leaky_relu", {"leaky_relu_alpha": 0.25}, {"alpha": 0.25}),
    (
        "depthwise_conv2d",
        "hard_swish",
        {"hard_swish_threshold": 6.0, "hard_swish_scale": 5.0, "hard_swish_offset": 0.0},
        {"threshold": 6.0, "scale": 5.0, "offset": 0.0},
    ),
    ("conv2d", "hard_sigmoid", {"slope": 0.25, "offset": 0.5}, {"slope": 0.25, "offset": 0.5}),
    ("conv2d", "prelu", {"prelu_mode": "channel"}, {"mode": "channel"}),
    ("conv2d", "sigmoid", {"fuse_sigmoid": True}, {}),
    ("conv2d_transpose", "tanh", {"fuse_tanh": True}, {}),
    ("conv2d", "swish", {"fuse_swish": True, "swish_scale": 1.5}, {"beta": 1.5}),
    ("conv2d", "abs", {"fuse_abs": True}, {}),
    ("fc", "relu", {}, {}),
    ("fc", "relu6", {"alpha": 6.0}, {"threshold": 6.0}),
    ("scale", "relu", {"fuse_relu": True}, {}),
    ("scale", "relu6", {"alpha": 6.0, "threshold": 6.0}, {"threshold": 6.0}),
    ("scale", "leaky_relu", {"alpha": 0.25}, {"alpha": 0.25}),
    ("fusion_elementwise_add_activation", "relu", {}, {}),
    ("fusion_elementwise_sub_activation", "abs", {}, {}),
    ("fusion_elementwise_mul_activation", "tanh", {}, {}),
]
PRELU_SLOTS = {"prelu": "Alpha"}


def hosted(nb_format, host, activation, said, own, *, fused):
    """A model of one operator and an activation behind it, fused or not."""
    slots = {"X": ["x"], "Y": ["w"]}
    if "conv2d" in host:
        slots = {"Input": ["x"], "Filter": ["w"]}
    elif host in ("fc", "scale"):
        slots = {"fc": {"Input": ["x"], "W": ["w"], "Bias": ["b"]}, "scale": {"X": ["x"]}}[host]
    result = "Output" if "Filter" in slots else "Out"
    plain = {"scale": {"scale": 2.0}, "fc": {}}.get(host, {"axis": -1})
    feed = nb_format.Operator("feed", {"X": ["feed"]}, {"Out": ["x"]}, {})
    fetch = nb_format.Operator("fetch", {"X": ["y"]}, {"Out": ["fetch"]}, {})
    slot = PRELU_SLOTS.get(activation)
    if fused:
        name = "activation_type" if host in ("fc", "scale") else "act_type"
        flag = {"with_act": True} if "Filter" in slots else {}
        inputs = {**slots, **({"Prelu_alpha": ["alpha"]} if slot else {})}
        operators = [nb_format.Operator(host, inputs, {result: ["y"]}, {**plain, **said, name: activation, **flag})]
    else:
        alone = host.removeprefix("fusion_").removesuffix("_activation")
        inputs = {"X": ["t"], **({slot: ["alpha"]} if slot else {})}
        operators = [
            nb_format.Operator(alone, slots, {result: ["t"]}, plain),
            nb_format.Operator(activation, inputs, {"Out": ["y"]}, own),
        ]
    parameters = {name: nb_format.Parameter(name, np.zeros(1, np.float32), 0) for name in ("w", "b", "alpha")}
    return nb_format.NbModel("", [feed, *operators, fetch], {}, parameters)


@pytest.mark.parametrize(("host", "activation", "said", "own"), FUSED, ids=lambda one: one if type(one) is str else "")
def test_a_fused_activation_is_the_operator_it_replaces(dataflow, nb_format, host, activation, said, own):
    fused = dataflow.trace(hosted(nb_format, host, activation, said, own, fused=True))
    apart = dataflow.trace(hosted(nb_format, host, activation, said, own, fused=False))
    assert fused.outputs == apart.outputs
    # Both know the operator without its activation, so that a message does not start from it.
    assert fused.known == apart.known
    assert len(fused.known) > 1
    without = hosted(nb_format, host, activation, said, own, fused=False)
    bare = [without.operators[0], without.operators[1], nb_format.Operator("fetch", {"X": ["t"]}, {}, {})]
    assert list(dataflow.trace(replace(without, operators=bare)).outputs.values()) != list(fused.outputs.values())


@pytest.mark.parametrize(
    ("host", "activation", "said", "own", "name"),
    [(*one, name) for one in FUSED for name in one[3]],
    ids=lambda one: one if type(one) is str else "",
)
def test_each_parameter_of_a_fused_activation_counts(dataflow, nb_format, host, activation, said, own, name):
    fused = dataflow.trace(hosted(nb_format, host, activation, said, own, fused=True))
    other = "all" if name == "mode" else own[name] + 0.5
    missing = {key: value for key, value in own.items() if key != name}
    for changed in ({**own, name: other}, missing):
        apart = dataflow.trace(hosted(nb_format, host, activation, said, changed, fused=False))
        assert fused.outputs != apart.outputs


def test_the_slopes_of_a_fused_prelu_count(dataflow, nb_format):
    arguments = ("conv2d", "prelu", {"prelu_mode": "channel"}, {"mode": "channel"})
    fused = hosted(nb_format, *arguments, fused=True)
    apart = hosted(nb_format, *arguments, fused=False)
    operators = list(apart.operators)
    operators[2] = replace(operators[2], inputs={"X": ["t"], "Alpha": ["b"]})
    assert dataflow.trace(fused).outputs != dataflow.trace(replace(apart, operators=operators)).outputs


@pytest.mark.parametrize(("host", "activation"), [("fc", "tanh"), ("scale", "hard_swish"), ("conv2d", "gelu")])
def test_an_activation_that_is_not_fused_there_is_another_computation(dataflow, nb_format, host, activation):
    fused = dataflow.trace(hosted(nb_format, host, activation, {}, {}, fused=True))
    apart = dataflow.trace(hosted(nb_format, host, activation, {}, {}, fused=False))
    assert fused.outputs != apart.outputs


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
