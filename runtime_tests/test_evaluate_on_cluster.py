"""`edgekit evaluate --ray local`: photos in parts, as tasks, are the evaluation of one machine; and go on elsewhere."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from conftest import Edgekit, new_cache
from edgekit.cli.app import run
from edgekit.cluster import evaluation

pytestmark = pytest.mark.toolchain


def rows(report: Path) -> tuple[dict[str, Any], list[Any]]:
    """The header and the photos' rows, in the order of their names."""
    header, *found = map(json.loads, (report / "photos.jsonl").read_text().splitlines())
    return header, sorted(found, key=lambda row: row["photo"])


def test_parts_are_the_whole_and_go_on_elsewhere(
    edgekit: Edgekit, session_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setattr(evaluation, "LEAST_PARTS", 2)
    answer = edgekit("convert", "MixNet_S", "-w", "demo", "-t", "onnx", "--out", tmp_path / "artifacts")
    assert answer.returncode == 0, answer.stderr
    artifact = tmp_path / "artifacts" / "MixNet_S" / "onnx"
    asked = ["evaluate", str(artifact), "--data", "bundled", "--json"]
    cluster = ["--ray", "local", "--store", str(tmp_path / "shared")]
    program = json.loads((artifact / "manifest.json").read_text())["stages"][0]

    def made(name: str, cache: Path, *flags: str) -> tuple[dict[str, Any], list[Any]]:
        monkeypatch.setenv("EDGEKIT_CACHE", str(cache))
        status = run([*asked, "--report", str(tmp_path / name), *flags])
        shown = capsys.readouterr()
        assert status == 0, shown.err
        assert json.loads(shown.out)["counted"] == 8
        return rows(tmp_path / name)

    place = Path("stages", program["stage"].removesuffix(".py"), program["key"])
    shutil.copytree(session_cache / place, new_cache(tmp_path / "many") / place)
    header, many = made("many", tmp_path / "many", *cluster)
    assert [subject["ran"] for subject in header["subjects"]] == [8, 8]
    assert header["shards"] == [] and header["photos"] == 8
    alone, one = made("one", session_cache)
    assert many == one
    assert header["subjects"][1]["identity"] == alone["subjects"][1]["identity"]
    # Another machine with nothing in its cache: the program and what was found before come from the store.
    header, again = made("again", new_cache(tmp_path / "other"), *cluster)
    assert [subject["ran"] for subject in header["subjects"]] == [0, 0]
    assert again == one
