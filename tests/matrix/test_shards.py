"""A matrix in parts: each model is in one of them, and together they are the matrix of one machine."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from edgekit.catalog import load_catalog
from edgekit.cli.app import run
from edgekit.matrix.shards import cost_of, models_of
from tests.untrusted.shown import matrix_report

from .conftest import FakeProject

FIVE = ("--models", "MixNet_S,ResNet18,ResNet50_vd,ResNet50_vd_ssld,DenseNet121")


def test_every_model_is_in_one_part_with_those_that_share_its_stages() -> None:
    models = load_catalog().all_models
    parts = [models_of(models, (number, 4)) for number in range(1, 5)]
    assert sorted(one.name for part in parts for one in part) == sorted(one.name for one in models)
    architectures = [{one.architecture.name for one in part} for part in parts]
    assert sum(map(len, architectures)) == len({one.architecture.name for one in models})
    loads = [sum({one.architecture.name: cost_of(one) for one in part}.values()) for part in parts]
    assert max(loads) < 1.05 * min(loads)
    assert models_of(models, None) == list(models)
    backwards = models_of(list(reversed(models)), (2, 4))
    assert {one.name for one in backwards} == {one.name for one in parts[1]}


def made(project: FakeProject, out: Path, *arguments: str) -> dict[str, Any]:
    project.out = out
    return project.matrix(*FIVE, *arguments)[1]


def plain(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The cells without what differs from run to run."""
    return [
        {name: value for name, value in cell.items() if name not in ("made", "seconds")} for cell in document["cells"]
    ]


def test_parts_together_are_what_one_machine_makes(project: FakeProject, tmp_path: Path, capsys) -> None:
    whole = made(project, tmp_path / "whole")
    parts = [made(project, tmp_path / str(number), "--shard", f"{number}/3") for number in (1, 2, 3)]
    assert all(0 < len(part["cells"]) < 10 for part in parts)
    assert [part["shards"] for part in parts] == [[[1, 3]], [[2, 3]], [[3, 3]]]
    capsys.readouterr()
    folders = [str(tmp_path / number) for number in ("3", "1", "2")]
    assert run(["matrix", "merge", *folders, "--out", str(tmp_path / "all"), "--json"]) == 0
    said = capsys.readouterr()
    merged = json.loads(said.out)
    assert plain(merged) == plain(whole)
    assert merged["counts"] == whole["counts"] == {"passed": 10}
    assert merged["shards"] == [[1, 3], [2, 3], [3, 3]]
    assert "missing" not in said.err
    assert json.loads((tmp_path / "all" / "matrix.json").read_text()) == merged
    page = (tmp_path / "all" / "matrix.html").read_text()
    assert "DenseNet121" in page and "Not whole" not in page


def test_a_part_that_is_missing_twice_there_or_of_another_matrix_is_said(
    project: FakeProject, tmp_path: Path, capsys
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    made(project, one, "--shard", "1/2")
    made(project, two, "--shard", "2/2", "-t", "alpha")

    def merge(*paths: Path) -> tuple[int, str]:
        status = run(["matrix", "merge", *map(str, paths), "--out", str(tmp_path / "all")])
        return status, " ".join(capsys.readouterr().err.split())

    status, said = merge(one)
    assert status == 0 and "part 2 of 2 is missing" in said
    for page in (one, tmp_path / "all"):
        assert "part 2 of 2 is missing" in (page / "matrix.html").read_text()
    status, said = merge(one, one / "matrix.json")
    assert status == 2 and "is given twice" in said
    shutil.copytree(one, tmp_path / "copy")
    status, said = merge(one, tmp_path / "copy")
    assert status == 2 and "both have the cell of" in said
    status, said = merge(one, two)
    assert status == 2 and "one/matrix.json is a part of" in said and "of which another is missing" in said
    made(project, tmp_path / "other", "--weights", "synthetic:1")
    status, said = merge(one, tmp_path / "other")
    assert status == 2 and "are of different matrices: weights is not the same" in said
    (two / "matrix.json").write_text('{"schema": 2}')
    status, said = merge(one, two)
    assert status == 2 and "matrix.json" in said


def test_reports_of_several_targets_and_models_are_one_table(project: FakeProject, tmp_path: Path, capsys) -> None:
    whole = made(project, tmp_path / "whole")
    made(project, tmp_path / "alpha", "-t", "alpha")
    halves = [made(project, tmp_path / f"beta{number}", "-t", "beta", "--shard", f"{number}/2") for number in (1, 2)]
    assert all(half["cells"] for half in halves)
    capsys.readouterr()
    folders = [str(tmp_path / name) for name in ("beta2", "alpha", "beta1")]
    assert run(["matrix", "merge", *folders, "--out", str(tmp_path / "all"), "--json"]) == 0
    merged = json.loads(capsys.readouterr().out)
    commands = (f"edgekit matrix --models {FIVE[1]} --target {name}" for name in ("beta", "alpha"))
    assert merged["command"] == "; ".join(commands)
    assert [one["name"] for one in merged["targets"]] == ["beta", "alpha"]
    by_target = [cell for target in ("beta", "alpha") for cell in plain(whole) if cell["target"] == target]
    assert sorted(plain(merged), key=str) == sorted(by_target, key=str)
    models = [cell["model"] for cell in merged["cells"]]
    assert models == [model for model in dict.fromkeys(cell["model"] for cell in whole["cells"]) for _ in range(2)]
    assert merged["shards"] == []


@pytest.mark.parametrize("text", ["0/2", "3/2", "a/b", "1"])
def test_what_is_no_part_is_refused(project: FakeProject, capsys, text: str) -> None:
    assert run(["matrix", *FIVE, "--shard", text, "--out", str(project.out)]) == 2
    assert f"--shard {text} is no part of a whole" in " ".join(capsys.readouterr().err.split())


def test_a_part_without_models_is_an_empty_table(project: FakeProject, tmp_path: Path) -> None:
    project.out = tmp_path / "none"
    status, document = project.matrix("--models", "MixNet_S", "--shard", "2/2")
    assert (status, document["cells"]) == (0, [])


def merged(path: Path, changes: dict[str, Any], capsys, *arguments: str) -> tuple[int, str]:
    """What `matrix merge` says of a report with other values; keys that begin with "cell " are the first cell's."""
    document = json.loads(matrix_report())
    for name, value in changes.items():
        (document["cells"][0] if name.startswith("cell ") else document)[name.removeprefix("cell ")] = value
    path.write_text(json.dumps(document))
    status = run(["matrix", "merge", str(path), "--out", str(path.parent / "all"), *arguments])
    return status, " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    "changes",
    [
        {"cell input_size": [80]},
        {"cell input_size": [80, 160, 3]},
        {"cell input_size": 0},
        {"shards": [[1, 10**15]]},
        {"shards": [[0, 2]]},
    ],
)
def test_a_report_that_cannot_be_is_refused(tmp_path: Path, capsys, changes: dict[str, Any]) -> None:
    status, said = merged(tmp_path / "matrix.json", changes, capsys)
    assert status == 2 and "matrix.json cannot be read: it is not what it should be" in said


def test_a_report_with_the_same_cell_twice_is_refused(tmp_path: Path, capsys) -> None:
    cells = json.loads(matrix_report())["cells"]
    status, said = merged(tmp_path / "matrix.json", {"cells": cells + cells[:1]}, capsys)
    assert status == 2 and "matrix.json has the cell of M on onnx twice" in said


FAILED = [{"variant": "", "verdict": {"status": "failed", "judged_against": "", "precision": "fp32"}}]


@pytest.mark.parametrize(
    "changes",
    [
        {"cell variants": FAILED},
        {"cell variants": []},
        {"cell status": "failed"},
        {"cell outcome": "expected failure"},
        {"cell status": "failed", "cell variants": FAILED},
    ],
)
def test_a_cell_that_its_verdicts_contradict_is_refused(tmp_path: Path, capsys, changes: dict[str, Any]) -> None:
    status, said = merged(tmp_path / "matrix.json", changes, capsys)
    assert status == 2 and "M on onnx" in said and "the cell's verdicts do not say so" in said


def test_what_a_report_says_is_no_markup_in_any_page(tmp_path: Path, capsys) -> None:
    words = "<script>alert(1)</script>\x1b[2J`|"
    changes = {"latency": words, "made": words, "precision": words, "cell target": words, "cell machine": words}
    titles = {"targets": [{"name": words, "title": words}], "weights": words, "command": words, "cell stage": words}
    page, tests = tmp_path / "support.md", tmp_path / "junit.xml"
    flags = ("--support-page", str(page), "--junit", str(tests))
    assert merged(tmp_path / "matrix.json", changes | titles, capsys, *flags)[0] == 1
    for path in (page, tmp_path / "all" / "matrix.html"):
        text = path.read_text()
        assert "<script>" not in text.replace("`` <script>alert(1)</script>?[2J`| ``", "")
        assert "&lt;script&gt;" in text
    assert "\x1b" not in page.read_text() + tests.read_text()
