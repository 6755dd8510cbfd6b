import pytest

from edgekit.diagnose.bisect import Search, spread
from tests.diagnose.made_up import Runtime, chain, graph

BRANCHES = """
    stem: x -> a
    left1: a -> b
    left2: b -> c
    right1: a -> d
    right2: d -> e
    join: c e -> f
    pool: f -> g
    fc: g -> logits
"""


def located(runtime: Runtime, *, definite: bool, per_run: int = 24) -> str | None:
    position = Search(runtime.graph, runtime.probe, definite, per_run).locate()
    return None if position is None else runtime.graph.layers[position].name


@pytest.mark.parametrize("definite", [True, False])
@pytest.mark.parametrize("guilty", ["stem", "left1", "left2", "right1", "right2", "join", "pool", "fc"])
def test_each_layer_is_found_in_a_graph_with_branches(guilty, definite):
    for per_run in (1, 3, 24):
        assert located(Runtime(graph(BRANCHES), [guilty]), definite=definite, per_run=per_run) == guilty


def test_nothing_is_named_where_the_outputs_are_right():
    runtime = Runtime(graph(BRANCHES), [])
    assert located(runtime, definite=True) is None
    assert runtime.asked == [["logits"]]


@pytest.mark.parametrize("definite", [True, False])
def test_a_long_chain_takes_few_runs_of_few_tensors(definite):
    runtime = Runtime(chain(1000), ["layer617"])
    assert located(runtime, definite=definite) == "layer617"
    assert len(runtime.asked) <= 5
    assert max(map(len, runtime.asked)) <= 26


def test_the_first_of_two_guilty_layers_is_named():
    assert located(Runtime(chain(300), ["layer40", "layer200"]), definite=True) == "layer40"


def test_a_tensor_without_counterpart_is_passed_over_where_something_right_follows_from_it():
    runtime = Runtime(graph(BRANCHES), ["pool"], strangers=["b", "d"])
    assert located(runtime, definite=False) == "pool"
    assert located(Runtime(graph(BRANCHES), ["pool"], strangers=["b", "d"]), definite=False, per_run=2) == "pool"


def test_a_tensor_without_counterpart_is_blamed_where_nothing_right_follows():
    # The converter put `pad` in front of `pool`; the healthy graph has nothing like its output.
    made = graph("conv: x -> a\npad: a -> b\npool: b -> c\nfc: c -> logits")
    assert located(Runtime(made, ["pad"], strangers=["b", "c"]), definite=False) == "pad"


def test_a_layer_that_hides_the_fault_in_one_branch_does_not_acquit_the_guilty_one():
    # left2 is a ReLU that hides it; the other branch shows it.
    runtime = Runtime(graph(BRANCHES), ["stem"], masked=["c"])
    assert located(runtime, definite=True) == "stem"
    assert located(Runtime(graph(BRANCHES), ["stem"], masked=["c"]), definite=True, per_run=1) == "stem"


@pytest.mark.parametrize("definite", [True, False])
def test_half_of_a_split_that_is_right_does_not_acquit_what_is_split(definite):
    # As in DPN: one damaged channel of `conv` goes into one half of the split alone.
    made = graph("conv: x -> a\nsplit: a -> b c\nadd: b x -> d\nconcat: c x -> e\njoin: d e -> logits")
    runtime = Runtime(made, ["conv"], masked=["b"])
    assert located(runtime, definite=definite, per_run=2) == "conv"


@pytest.mark.parametrize("definite", [True, False])
def test_shapes_acquit_nobody(definite):
    made = graph("conv: x -> a\nrelu: a -> b\nshape: b -> s\nresize: b s -> c\nfc: c -> logits")
    runtime = Runtime(made, ["conv"], shapes=["s"])
    assert located(runtime, definite=definite, per_run=2) == "conv"


def test_hidden_tensors_are_never_asked_for():
    made = graph("conv: x -> a\nrelu: a -> a@1\nfc: a@1 -> logits")
    hidden = type(made)(made.inputs, made.outputs, made.layers, ("a@1",))
    runtime = Runtime(hidden, ["relu"])
    # What it writes cannot be seen: the first that shows it is the next layer.
    assert located(runtime, definite=True) == "fc"
    assert all("a@1" not in names for names in runtime.asked)


def test_spread_takes_the_last_and_keeps_the_order():
    assert spread(["a", "b", "c"], 5) == ["a", "b", "c"]
    chosen = spread([str(at) for at in range(100)], 4)
    assert chosen == ["24", "49", "74", "99"]
