"""`edgekit evaluate` before anything runs: what is typed, and what is refused."""

import json
from pathlib import Path
from typing import get_args

import pytest

from edgekit.cli.app import run
from edgekit.cli.shard_flag import shard_option
from edgekit.errors import UsageError
from edgekit.evaluate.rows import line_of
from edgekit.parity.verdict import Precision
from tests.evaluate.test_counting import ONNX, REFERENCE, TRUTHS, header, results, rows


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "MODEL|ARTIFACT is missing. `edgekit evaluate -h` shows how."),
        (["MixNet_S"], "--data is missing. `edgekit evaluate -h` shows how."),
        (["MixNet_S", "--dta", "x"], "there is no option --dta. Did you mean --data"),
        (["merge"], "RESULTS... is missing. `edgekit evaluate merge -h` shows how."),
        (["merge", "nowhere.jsonl"], "there is no results file nowhere.jsonl"),
        (["M", "--data", "x", "--margin", "100"], "--margin 100 is no drop in percentage points"),
        (["M", "--data", "x", "--limit", "0"], "--limit is impossible"),
    ],
)
def test_a_wrong_command_is_one_sentence(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.startswith(f"edgekit: {said}") and shown.err.count("\n") == 1


def test_shards_count_from_one() -> None:
    assert shard_option(None) is None and shard_option("2/3") == (2, 3)
    for wrong in ("0/3", "4/3", "1", "a/b", "1/3/5", "-1/3", "1/0", "٣/٤"):
        with pytest.raises(UsageError, match="is no part of a whole"):
            shard_option(wrong)


def test_merge_prints_one_document_and_names_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = results(tmp_path / "1", header(shards=[(1, 2)], photos=2), rows(TRUTHS[:2], REFERENCE[:2], ONNX[:2]))
    assert run(["evaluate", "merge", str(one), "--json", "--report", str(tmp_path / "report")]) == 0
    shown = capsys.readouterr()
    document = json.loads(shown.out)
    assert document["counted"] == 2 and document["models"][1]["drop"]["lost"] == 1
    assert "shard 2 of 2 is missing" in shown.err
    # The report's own results can be merged again, by the folder that they lie in.
    assert run(["evaluate", "merge", str(tmp_path / "report"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["models"] == document["models"]


def test_a_report_does_not_replace_what_is_somebody_elses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = results(tmp_path / "1", header(), rows(TRUTHS, REFERENCE, ONNX))
    report = tmp_path / "report"
    report.mkdir()
    (report / "evaluation.html").write_text("<p>my notes")
    assert run(["evaluate", "merge", str(one), "--report", str(report)]) == 2
    assert "is there already, and is no page of edgekit" in capsys.readouterr().err
    assert (report / "evaluation.html").read_text() == "<p>my notes"


def test_a_photos_name_never_reaches_the_terminal_as_a_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    about = header(photos=5, skipped=[("evil\x1b[2J.jpg", "broken\x1b]0;x\x07")])
    one = tmp_path / "1"
    one.write_bytes(line_of(about) + b"".join(line_of(row) for row in rows(TRUTHS, REFERENCE, ONNX)))
    assert run(["evaluate", "merge", str(one)]) == 0
    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err and "evil?[2J.jpg" in shown.out


def test_the_help_names_every_precision(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", "--help"]) == 0
    said = "".join(capsys.readouterr().out.split())
    assert f"comma-separated:{','.join(get_args(Precision))}." in said
