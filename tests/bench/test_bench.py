"""`edgekit bench` on fake converters: which runs are made, what a row says, what is not run and why."""

import json
import re
from typing import Any

import pytest

from edgekit.bench.row import PublishedTimes, Report, Row
from edgekit.catalog import load_catalog
from edgekit.cli.app import run
from edgekit.cli.bench import batches, timing_of
from edgekit.errors import UsageError
from edgekit.inputs.size import Size
from tests.matrix.conftest import FakeProject

MODEL = ("ResNet18", "-w", "synthetic:0")
NEEDS_DEVICE = """
[[variants]]
name = "device"
worker = "run.py"
inputs = { model = "model.beta" }
not_run = "needs an ARM device"
"""


def bench(project: FakeProject, *arguments: str, status: int = 0, fail: str = "") -> dict[str, Any]:
    project.monkeypatch.setenv("FAKE_FAIL", fail)
    project.capsys.readouterr()
    assert run(["bench", "--json", *arguments]) == status
    return json.loads(project.capsys.readouterr().out)


def test_each_batch_is_converted_and_timed(project: FakeProject) -> None:
    report = bench(project, *MODEL, "-t", "alpha,beta", "--batch", "1,4")
    assert [(row["target"], row["batch"]) for row in report["rows"]] == [
        ("alpha", 1), ("beta", 1), ("alpha", 4), ("beta", 4),
    ]  # fmt: skip
    for row in report["rows"]:
        assert row["status"] == "measured"
        assert row["latency"] == {"p50_ms": 12.5, "p95_ms": 13.5, "min_ms": 12.0, "repeats": 30}
        assert row["images_per_second"] == pytest.approx(1000 * row["batch"] / 12.5)
        assert row["file_bytes"] == len("ResNet18 ") + 1000
        assert row["peak_memory_bytes"] > 1 << 20
        assert row["input_size"] == 224
    assert len([call for call in project.called() if re.search(r"(alpha|beta)/run ResNet18", call)]) == 4
    # What is timed is judged: by one reference for each batch.
    assert project.called().count("paddle/run ResNet18") == 2
    published = load_catalog().find("ResNet18").published
    by_batch = {row["batch"]: row["published"] for row in report["rows"]}
    assert by_batch[1] == {
        "v100_fp32": published.milliseconds("V100", "fp32", 1),
        "t4_fp32": published.milliseconds("T4", "fp32", 1),
        "t4_fp16": published.milliseconds("T4", "fp16", 1),
    }
    assert by_batch[4]["v100_fp32"] == published.milliseconds("V100", "fp32", 4)
    assert "other hardware" in report["published_are"]
    # The same again as text: conversions are in the cache.
    assert run(["bench", *MODEL, "-t", "alpha,beta", "--batch", "1,4"]) == 0
    shown = project.capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert "…" not in shown
    assert " ".join(shown.split()).count("12.5 13.5 12.0") == 4
    assert "other hardware" in " ".join(shown.split())


def test_a_second_benchmark_converts_nothing_and_measures_again(project: FakeProject) -> None:
    bench(project, *MODEL, "-t", "alpha")
    project.forget()
    bench(project, *MODEL, "-t", "alpha")
    assert project.called() == ["alpha/run ResNet18"]
    # What was made for one call alone does not stay.
    from edgekit.cache import cache_folder

    assert list((cache_folder() / "stages" / "alpha" / "run").iterdir()) == []


def test_published_times_are_of_the_published_input_size() -> None:
    model = load_catalog().find("MixNet_S")
    assert PublishedTimes.of(model, Size.of(224), 1).v100_fp32 == 2.31
    assert not PublishedTimes.of(model, Size(64, 224), 1).known
    assert not PublishedTimes.of(None, Size.of(224), 1).known


def test_what_cannot_run_is_a_row_with_its_reason(project: FakeProject) -> None:
    path = project.root / "converters" / "beta" / "target.toml"
    path.write_text(path.read_text() + NEEDS_DEVICE)
    report = bench(project, *MODEL, "-t", "beta")
    assert [(row["variant"], row["status"]) for row in report["rows"]] == [("device", "not run"), ("", "measured")]
    assert report["rows"][0]["reason"] == "needs an ARM device"
    assert report["rows"][0]["latency"] is None


def test_where_nothing_could_run_the_status_is_3(project: FakeProject) -> None:
    path = project.root / "converters" / "beta" / "target.toml"
    text, _, _ = path.read_text().partition("[[variants]]")
    path.write_text(text + NEEDS_DEVICE)
    report = bench(project, *MODEL, "-t", "beta", status=3)
    assert [row["status"] for row in report["rows"]] == ["not run"]


def test_one_failure_does_not_stop_the_others(project: FakeProject) -> None:
    report = bench(project, *MODEL, "-t", "alpha,beta", fail="alpha/convert ResNet18", status=4)
    assert [(row["target"], row["status"]) for row in report["rows"]] == [("alpha", "failed"), ("beta", "measured")]
    assert "the layer Foo is unknown" in report["rows"][0]["reason"]


def test_artifacts_are_written_where_asked(project: FakeProject) -> None:
    bench(project, *MODEL, "-t", "alpha", "--out", str(project.out))
    assert (project.out / "batch-1" / "ResNet18" / "alpha" / "ResNet18.alpha").is_file()
    assert (project.out / "batch-1" / "ResNet18" / "alpha" / "manifest.json").is_file()


@pytest.mark.parametrize("text", ["dynamic", "", "1,x", "0", "1,dynamic"])
def test_impossible_batches_are_usage_errors(text: str) -> None:
    with pytest.raises(UsageError):
        batches(text)
    assert batches("4,1,4") == [4, 1]


def row(status: Any, exit_status: int = 0) -> Row:
    return Row(model="m", target="t", variant="", batch=1, precision="fp32", status=status, exit_status=exit_status)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row("measured"), row("not run", 3)], 0),
        ([row("measured"), row("failed", 4), row("not run", 3)], 4),
        ([row("not run", 2), row("not run", 3)], 2),
        ([row("not run", 3)], 3),
        ([], 3),
    ],
)
def test_the_exit_status(rows: list[Row], expected: int) -> None:
    assert Report("cpu", 2, "", rows).exit_status == expected


def test_a_wrong_artifact_has_no_latency(project: FakeProject) -> None:
    report = bench(project, *MODEL, "-t", "alpha,beta", fail="alpha/run ResNet18", status=1)
    wrong, right = report["rows"]
    assert (wrong["status"], wrong["latency"], wrong["images_per_second"]) == ("failed", None, None)
    assert wrong["verdict"]["status"] == "failed" and wrong["conditions"] is None
    assert (right["status"], right["verdict"]["status"]) == ("measured", "passed")
    assert right["conditions"]["valid"] is False
    assert "30 runs, fewer than 1,024" in right["conditions"]["why_not"]


def test_a_record_is_what_json_prints(project: FakeProject, capsys: pytest.CaptureFixture[str]) -> None:
    path = project.root / "record.json"
    report = bench(project, *MODEL, "-t", "alpha", "--quick", "--record", str(path))
    assert json.loads(path.read_text()) == report
    assert report["schema_version"] == 1
    assert report["rows"][0]["conditions"]["quick"] is True
    project.root.joinpath("mine.json").write_text("mine")
    # Before anything is measured.
    capsys.readouterr()
    for other, said in (("mine.json", "is there already, and is no record"), ("nowhere/r.json", "there is no folder")):
        assert run(["bench", *MODEL, "-t", "alpha", "--quick", "--record", str(project.root / other)]) == 2
        shown = capsys.readouterr().err
        assert said in shown and shown.count("\n") == 1


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, (1024, 1200.0, 60.0)),
        ({"quick": True}, (50, 10.0, 0.0)),
        ({"repeats": 7}, (7, 10.0, 0.0)),
        ({"seconds": 3.0}, (50, 3.0, 0.0)),
        ({"sustained": "30m"}, (1024, 1800.0, 1800.0)),
    ],
)
def test_how_long_is_measured(asked: dict[str, Any], expected: tuple[int, float, float]) -> None:
    timing = timing_of(**{"repeats": None, "seconds": None, "quick": False, "sustained": None, **asked})
    assert (timing.repeats, timing.seconds, timing.least_seconds) == expected


@pytest.mark.parametrize("text", ["30", "0m", "10s", "2d", "25h", "-1m"])
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(UsageError):
        timing_of(None, None, quick=False, sustained=text)


def test_more_threads_than_cores_are_no_measurement(project: FakeProject) -> None:
    report = bench(project, *MODEL, "-t", "alpha", "--cores", "0", "--threads", "2", status=2)
    assert "2 threads on 1 of this machine's cores" in report["rows"][0]["reason"]
    report = bench(project, *MODEL, "-t", "alpha", "--cores", "0", "--threads", "1")
    assert report["rows"][0]["conditions"]["cores"] == [0]
