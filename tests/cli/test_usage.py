"""What the parser complains about is worded as every other error: one sentence, with a way out."""

import json

import pytest
import typer

from edgekit.cli.app import app, run
from edgekit.cli.repeated import refuse_repeated


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
        (
            ["convert", "A", "-t", "ncnn", "--target=lite"],
            "--target is given twice. Give it once. Several go with",
        ),
        (["evaluate", "A", "--data", "x", "--data", "y"], "--data is given twice. Give it once."),
        (["cache", "prune", "--keep-days", "1", "--keep-days", "2"], "--keep-days is given twice."),
    ],
)
def test_a_complaint_is_one_sentence(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"edgekit: {said}")
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["diagnose", "A", "--without-rewrite", "a", "--without-rewrite", "b"],  # repeatable
        ["predict", "A", "--out", "--out"],  # a value may look like an option
        ["predict", "A", "--out", "x", "--", "--out", "x"],
        ["verify", "A", "--verbose", "--verbose"],
        ["--version"],
        [],
    ],
)
def test_what_may_stand_twice(arguments: list[str]) -> None:
    refuse_repeated(typer.main.get_command(app), arguments)


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
