"""What the parser complains about is worded as every other error: one sentence, with a way out."""

import json

import pytest

from edgekit.cli.app import run


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["convrt"], "there is no command convrt. Did you mean convert? `edgekit -h` lists the commands."),
        (
            ["reference", "lst"],
            "there is no command lst. Did you mean list? `edgekit reference -h` lists the commands.",
        ),
        (["verify", "--refrence", "x"], "there is no option --refrence. Did you mean --reference or "),
        (["convert"], "MODEL|FOLDER... is missing. `edgekit convert -h` shows how."),
        (["convert", "MixNet_S"], "--target is missing. `edgekit convert -h` shows how."),
        (["predict", "MixNet_S"], "PHOTO|FOLDER... is missing. `edgekit predict -h` shows how."),
        (["convert", "A", "-t", "onnx", "--precision", "fp8"], "--precision is impossible: 'fp8' is not one of"),
        (["predict", "A", "b", "--top", "x"], "--top is impossible: it should be a valid integer. `"),
        (["models", "extra"], "got unexpected extra argument"),
    ],
)
def test_a_complaint_is_one_sentence(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"edgekit: {said}")
    assert shown.err.count("\n") == 1


def test_as_json_it_is_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["convert", "--verfy", "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["error"] == "there is no option --verfy"
    assert document["remedy"].startswith("Did you mean --verify")


def test_no_command_is_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    shown = capsys.readouterr()
    assert "convert" in shown.out + shown.err
    assert "edgekit:" not in shown.err
