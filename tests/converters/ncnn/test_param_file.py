import pytest
from edgeworker.refusal import Refusal

PARAM = """7767517
4 5
Input                    in0                      0 1 in0
Convolution              conv_0                   1 1 in0 1 0=8 1=3 6=216
Split                    splitncnn_0              1 2 1 2 3
BinaryOp                 add_0                    2 1 2 3 out0 0=0
"""


@pytest.fixture
def read(param_file, tmp_path):
    def from_text(text):
        path = tmp_path / "model.ncnn.param"
        path.write_text(text)
        return param_file.ParamFile.read(path)

    return from_text


def test_layers_and_blobs(read):
    network = read(PARAM)
    assert network.inputs() == ["in0"]
    assert network.outputs() == ["out0"]
    assert network.layer_counts() == {"Input": 1, "Convolution": 1, "Split": 1, "BinaryOp": 1}
    convolution = network.layers[1]
    assert convolution.parameters == {"0": "8", "1": "3", "6": "216"}
    assert convolution.place == "conv_0, in0 -> 1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not an ncnn param file"),
        ("hello\nworld\n", "not an ncnn param file"),
        (PARAM.replace("4 5", "9 5"), "says 9 layers and has 4"),
        (PARAM.replace("0 1 in0", "none"), "no layer"),
    ],
)
def test_anything_else_is_refused(read, text, said):
    with pytest.raises(Refusal, match=said):
        read(text)
