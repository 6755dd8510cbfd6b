"""What a layer is called in the end: its pattern, and the layer that it stands for."""

from edgekit.diagnose.bisect import Search
from edgekit.diagnose.graph import Layer
from edgekit.diagnose.health import Health, State
from edgekit.diagnose.locate import Pair, alike, counterpart, pattern, recognised
from tests.diagnose.made_up import Runtime, graph

# As pnnx writes a padded pool of a ResNet_vd's shortcut; healthy.b is the convolution beside it.
TARGET = graph("conv: x -> 1\nconvrelu: 1 -> 2\nPadding: 1 -> 3\nPooling: 3 -> 4\nadd: 2 4 -> out")
HEALTHY = graph("Conv: x -> a\nConv: a -> b\nRelu: b -> c\nAveragePool: a -> p\nAdd: c p -> out")


def test_types_of_two_toolchains():
    assert alike("Pooling", "AveragePool")
    assert alike("Convolution", "Conv")
    assert alike("ConvolutionDepthWise", "depthwise_conv2d")
    assert not alike("Padding", "AveragePool")
    assert alike("Add", "Add")


def test_a_helper_in_front_belongs_to_the_layer_that_is_named():
    layer, with_it = pattern(TARGET, 2, HEALTHY.layers[3])
    assert layer.name == "Pooling"
    assert [one.name for one in with_it] == ["Padding"]
    assert pattern(TARGET, 3, HEALTHY.layers[3]) == (TARGET.layers[3], ())
    assert pattern(TARGET, 2, None) == (TARGET.layers[2], ())
    assert pattern(TARGET, 2, Layer("x", "Softmax", (), ())) == (TARGET.layers[2], ())


def test_the_layer_that_nothing_right_computes_is_what_it_stands_for():
    names = {"x": "x", "1": "a", "2": "c"}  # by value: the healthy tensor that each right one is like
    runtime = Runtime(TARGET, ["Padding"], strangers=["3", "4"])

    def probe(wanted):
        found = runtime.probe(wanted)
        return {
            name: type(one)(one.state, one.error, one.limit, names.get(name) if one.healthy else None)
            for name, one in found.items()
        }

    search = Search(TARGET, probe, definite=False)
    assert search.locate() == 2
    pair = Pair(TARGET, HEALTHY, probe, False, "")
    stands_for = counterpart(pair, search, 2)
    assert stands_for is not None
    assert stands_for.type == "AveragePool"


def test_a_wrong_output_that_is_known_keeps_its_own_layer():
    # Paddle Lite's one convolution stands for three operators of the program, the last of which is called as it is.
    target = graph("conv2d: x -> r\nrelu: r -> out")
    healthy = graph("conv: x -> a\nbatch_norm: a -> b\nrelu: b -> r\nrelu2: r -> out")
    pair = Pair(target, healthy, lambda names: {}, False, "")
    search = Search(target, pair.probe, definite=False)
    by_name = recognised(pair, search, target.layers[0])
    assert by_name is not None
    assert by_name.name == "relu"
    other = graph("conv2d: x -> 17\nrelu: 17 -> out0")
    search.known["17"] = Health(State.WRONG, 0.3, 1e-5, "b")
    by_value = recognised(pair, search, other.layers[0])
    assert by_value is not None
    assert by_value.name == "batch_norm"
    search.known["17"] = Health(State.UNMATCHED)
    assert recognised(pair, search, other.layers[0]) is None
