import pytest
from edgeworker.keep_float import kept_in_float, told
from edgeworker.refusal import Refusal

LAYERS = ["conv_1", "conv_2", "fc"]


def test_layers_are_named_as_the_files_name_them() -> None:
    assert kept_in_float({}, LAYERS) == []
    assert told([]) == {}
    names = kept_in_float({"keep_float": ["fc", "conv_1"]}, LAYERS)
    assert told(names) == {"keep_float": ["fc", "conv_1"]}


def test_a_layer_that_is_none_is_refused_with_those_like_it() -> None:
    with pytest.raises(Refusal, match="there is no layer conv1 to keep") as caught:
        kept_in_float({"keep_float": ["fc", "conv1"]}, LAYERS)
    assert "conv_1" in caught.value.remedy
    assert caught.value.kind == "input"
