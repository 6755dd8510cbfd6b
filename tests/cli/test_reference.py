"""`edgekit reference` and the flags of `edgekit verify`, as far as they need no toolchain."""

import json
from pathlib import Path

import pytest

from edgekit.cli.app import run
from edgekit.reference.store import SHIPPED
from tests.reference.making import Network, written


def edgekit(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    capsys.readouterr()
    status = run([str(one) for one in arguments])
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    return status, shown.out, shown.err


def test_help_names_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert "reference" in edgekit(capsys, "--help")[1]
    shown = edgekit(capsys, "reference", "--help")[1]
    for command in ("record", "list", "show", "import"):
        assert command in shown
        status, text, _ = edgekit(capsys, "reference", command, "--help")
        assert status == 0
        assert "--json" in text
    for flag in ("--reference", "--require-gpu-reference"):
        assert flag in edgekit(capsys, "verify", "--help")[1]


def test_list_shows_what_is_shipped_and_imported(
    cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path / "x.safetensors", Network.of(0).run("fp32")).path
    status, text, _ = edgekit(capsys, "reference", "import", file)
    assert status == 0
    assert "Test GPU" in text
    assert "it was there already" in edgekit(capsys, "reference", "import", file)[1]
    bundles = json.loads(edgekit(capsys, "reference", "list", "--json")[1])["bundles"]
    assert len(bundles) == 1 + len(list(SHIPPED.glob("*.safetensors")))
    assert [(one["gpu"], one["description"]["model"]["name"]) for one in bundles if not one["shipped"]] == [
        (True, "Net")
    ]
    _, text, err = edgekit(capsys, "reference", "list")
    assert "MixNet_S_demo_paddle-cpu\n  shipped: MixNet_S, demo weights, 64 px, batch 1; Paddle Inference" in text
    assert "1 of them recorded on a GPU" in err


def test_show_tells_everything(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, text, _ = edgekit(capsys, "reference", "show", "MixNet_S_demo")
    assert status == 0
    for said in ("demo, parameters ", "paddlepaddle 2.6.2", "it never counts as a GPU's reference", "10 samples"):
        assert said in text
    document = json.loads(edgekit(capsys, "reference", "show", "MixNet_S_demo", "--json")[1])
    assert document["description"]["program"]["input_size"] == 64


def test_a_strangers_words_are_no_markup(cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from msgspec.structs import replace

    from tests.reference.making import GPU

    path = written(
        tmp_path / "x.safetensors", Network.of(0).run("fp32"), device=replace(GPU, name="[/red] [link=x]A10[/]")
    ).path
    for command in (("import", path), ("show", path), ("list",)):
        status, text, _ = edgekit(capsys, "reference", *command)
        assert status == 0
        assert "[/red] [link=x]A10[/]" in text


@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [
        (["show", "nowhere"], 2, "there is no reference bundle nowhere"),
        (["import", "nowhere.safetensors"], 2, "there is no reference bundle nowhere.safetensors"),
        (["record", "MixNet_S", "-b", "abacus", "-o", "x.safetensors"], 2, "abacus"),
        (["record", "MixNet_S", "-b", "paddle-cpu", "-o", "x.bin"], 2, "x.bin does not end in .safetensors"),
        (["record", "MixNet_S", "-b", "paddle-cpu", "-o", "x.safetensors", "--precision", "fp16"], 2, "not in fp16"),
        (
            ["record", "MixNet_S", "-b", "paddle-cpu", "-o", "x.safetensors", "--allow-tf32"],
            2,
            "always runs paddle-cpu without TF32",
        ),
        (["record", "MixNet_S", "-b", "onnxruntime-cuda", "-o", "x.safetensors"], 3, "needs an NVIDIA GPU"),
        (["record", "MixNet_S", "-b", "tensorrt", "-o", "x.safetensors"], 3, "needs an NVIDIA GPU"),
        (["record", "MixNet_S", "-b", "paddle-gpu", "-o", "x.safetensors"], 3, "needs an NVIDIA GPU"),
    ],
)
def test_mistakes_are_one_sentence(
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
    expected: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # also where a GPU is
    found, out, err = edgekit(capsys, "reference", *arguments)
    assert found == status
    assert out == ""
    assert expected in " ".join(err.split())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache"]
