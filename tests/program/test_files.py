"""Which files of a folder are a Paddle inference model, and what is said of folders that hold none."""

import pytest

from edgekit.errors import UsageError
from edgekit.filesystem.hashing import file_sha256
from edgekit.program import files
from edgekit.program.files import find_program


@pytest.fixture
def folder(tmp_path):
    """Makes a folder with small files of the names given, each holding its name."""

    def make(*names):
        for name in names:
            (tmp_path / name).write_text(name)
        return tmp_path

    return make


def test_a_pair_of_any_name_is_a_paddle_2_model(folder, cache):
    found = find_program(folder("mynet.pdmodel", "mynet.pdiparams", "mynet.pdiparams.info", "inference.yml"), cache)
    assert (found.format, found.graph.name, [path.name for path in found.parameters]) == (
        "paddle2", "mynet.pdmodel", ["mynet.pdiparams"],
    )  # fmt: skip
    assert found.combined
    assert found.parameters_sha256 == file_sha256(found.parameters[0])
    assert found.parameter_bytes == len("mynet.pdiparams")


def test_the_graph_s_file_may_be_named_itself(folder, cache):
    both = folder("a.pdmodel", "a.pdiparams", "b.pdmodel", "b.pdiparams")
    assert find_program(both / "b.pdmodel", cache).graph.name == "b.pdmodel"
    with pytest.raises(UsageError, match=r"holds 2 models \(a\.pdmodel, b\.pdmodel\)\. Name one"):
        find_program(both, cache)


def test_an_old_export_has_a_file_for_each_parameter(folder, cache):
    found = find_program(folder("__model__", "conv.w_0", "fc.b_0", "label_list.txt", ".hidden"), cache)
    assert [path.name for path in found.parameters] == ["conv.w_0", "fc.b_0"]
    assert not found.combined
    before = found.parameters_sha256
    (found.graph.parent / "fc.b_0").write_text("other")
    assert find_program(found.graph.parent, cache).parameters_sha256 != before


def test_an_old_export_with_one_parameter_is_still_a_folder_of_parameters(folder, cache):
    assert not find_program(folder("__model__", "fc.w_0"), cache).combined


def test_an_old_export_may_have_them_in_one_file(folder, cache):
    found = find_program(folder("__model__", "__params__", "readme"), cache)
    assert [path.name for path in found.parameters] == ["__params__"]
    assert found.combined


@pytest.mark.parametrize(
    ("graph", "parameters"), [("__model__", "__variables__"), ("model", "params"), ("__model__", "params")]
)
def test_older_tools_had_other_names(folder, cache, graph, parameters):
    """Paddle 1.8's dygraph.jit.save wrote the first, PaddleClas 1.x the second."""
    found = find_program(folder(graph, parameters, "__variables.info__", "model.yml"), cache)
    assert (found.format, found.graph.name, found.combined) == ("paddle2", graph, True)
    assert [path.name for path in found.parameters] == [parameters]


def test_the_information_for_training_is_no_parameter(folder, cache):
    found = find_program(folder("__model__", "__variables.info__", "fc.w_0"), cache)
    assert [path.name for path in found.parameters] == ["fc.w_0"]


def test_a_file_called_model_alone_is_nothing(folder, cache):
    with pytest.raises(UsageError, match="holds no Paddle inference model"):
        find_program(folder("model", "fc.w_0"), cache)


def test_parameters_with_slashes_lie_in_folders(folder, cache):
    root = folder("__model__", "fc.w_0", "readme.md")
    for name in ("layer1/conv/w", "layer1/b", ".git/w", "__MACOSX/._w"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    found = find_program(root, cache)
    assert [path.relative_to(root).as_posix() for path in found.parameters] == ["fc.w_0", "layer1/b", "layer1/conv/w"]
    before = found.parameters_sha256
    (root / "layer1" / "b").rename(root / "layer1" / "c")
    assert find_program(root, cache).parameters_sha256 != before


def test_a_model_s_folder_is_not_a_whole_disk(folder, cache, monkeypatch):
    monkeypatch.setattr(files, "MOST_FILES", 2)
    with pytest.raises(UsageError, match=r"more than 2 files, .* Put the model into a folder of its own"):
        find_program(folder("__model__", "a", "b"), cache)


def test_what_macos_keeps_beside_files_is_passed_over(folder, cache):
    names = ("net.pdmodel", "net.pdiparams", "._net.pdmodel", "._net.pdiparams", ".DS_Store")
    assert find_program(folder(*names), cache).graph.name == "net.pdmodel"
    with pytest.raises(UsageError, match=r"\._net\.pdmodel is what macOS keeps beside a file.* Name .*/net\.pdmodel"):
        find_program(folder() / "._net.pdmodel", cache)


def test_two_generations_of_one_folder_are_two_models(folder, cache):
    with pytest.raises(UsageError, match=r"holds 2 models \(inference\.pdmodel, __model__\)"):
        find_program(folder("inference.pdmodel", "inference.pdiparams", "__model__", "__params__"), cache)


def test_json_with_parameters_is_a_paddle_3_model(folder, cache):
    assert find_program(folder("inference.json", "inference.pdiparams"), cache).format == "paddle3"


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ((), "holds no Paddle inference model. A Paddle inference model is a folder with"),
        (("net.onnx",), r"\(it holds a \.onnx file: edgekit starts from Paddle"),
        (("best.pdparams",), r"Trained weights need their architecture: `edgekit convert MODEL --weights"),
        (("infer.tar",), "Unpack it, and give the folder"),
        (("inference.pdmodel",), "has no inference.pdiparams beside it"),
        (("__model__",), "has no parameters beside it"),
        (("labels.json",), "holds no Paddle inference model"),
    ],
)
def test_what_is_no_model_is_refused_by_name(folder, cache, names, sentence):
    with pytest.raises(UsageError, match=sentence):
        find_program(folder(*names), cache)


def test_a_file_of_another_kind_is_refused_by_name(folder, cache):
    with pytest.raises(UsageError, match=r"net\.onnx is not a Paddle inference model\. edgekit starts from Paddle"):
        find_program(folder("net.onnx") / "net.onnx", cache)


def test_an_absent_folder_is_named(tmp_path, cache):
    with pytest.raises(UsageError, match=r"there is no folder .*nothing"):
        find_program(tmp_path / "nothing", cache)
