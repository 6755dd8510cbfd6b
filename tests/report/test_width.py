"""Tables fit into 80 columns, whatever a model is called: files' names break, numbers and verdicts are never cut."""

import dataclasses
from pathlib import Path

import pytest
from msgspec.structs import replace

from edgekit.artifact.load import Artifact
from edgekit.artifact.manifest import FileRecord, Manifest, ModelRecord, TensorSpec, WeightsRecord
from edgekit.bench.row import PublishedTimes, Row
from edgekit.bench.table import bench_table
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.pipeline.target import targets
from edgekit.report.matrix_table import matrix_tables
from edgekit.report.verdicts import verdict_table
from edgekit.verification.check import Check
from tests.report.test_matrix_pages import cell, passed, report
from tests.report.width import rendered

NAMES = ("MixNet_S", "SwinTransformer_large_patch4_window12_384", "a model of my own, called at length, in words")


def checks(name: str) -> list[Check]:
    """A verdict with large figures for each variant of every target."""
    found = []
    for target in targets().values():
        files = {
            file.format(model=name): FileRecord("0" * 64, 123_456_789, role)
            for role, file in target.description.files.items()
        }
        manifest = Manifest(
            edgekit="0.1.0",
            target=target.name,
            precision="fp32",
            batch=1,
            model=ModelRecord(name, "F", "A", 1000),
            weights=WeightsRecord("demo", "demo", "0" * 64),
            preprocessing=Preprocessing(),
            inputs=(TensorSpec("x", "x", (1, 3, 224, 224), "float32"),),
            outputs=(TensorSpec("logits", "logits", (1, 1000), "float32"),),
            program_key="1" * 64,
            stages=(),
            rewrites=(),
            files=files,
        )
        for variant in target.description.variants[:2]:
            found.append(Check(Artifact(Path("a"), manifest), target, variant, passed(9876.5), None))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_verdicts(name: str) -> None:
    rows = checks(name)
    shown = rendered(verdict_table(rows))
    assert "…" not in shown
    assert shown.count("3.1e-07") == shown.count("4.0e-07") == shown.count("9876 / 11s") == len(rows)
    assert shown.count("passed") == len(rows)


@pytest.mark.parametrize("name", NAMES)
def test_latencies_of_an_earlier_run(name: str) -> None:
    rows = [dataclasses.replace(check, remembered=True) for check in checks(name)]
    shown = rendered(verdict_table(rows))
    assert "…" not in shown
    assert shown.count("9876*/ 11s") == len(rows)
    assert shown.count("passed") == len(rows)


@pytest.mark.parametrize("name", NAMES)
def test_the_matrix(name: str) -> None:
    names = ("lite", "ncnn", "onnx", "openvino")
    cells = [cell(name, target) for target in names]
    cells[1] = replace(cells[1], status="failed", outcome="failed", stage="ncnn/convert", variants=(), files={})
    tables = matrix_tables(report(*cells), 80)
    shown = "".join(map(rendered, tables))
    assert "…" not in shown
    # A name stays whole; targets for which there is no room beside it are in a table of their own.
    assert shown.count(name) == len(tables)
    assert shown.count("3.1e-07") == 3
    assert "✗ convert" in shown
    (whole,) = matrix_tables(report(*cells), None)
    assert rendered(whole, 200).count("3.1e-07 21.3") == 3


@pytest.mark.parametrize("name", NAMES)
def test_benchmarks(name: str) -> None:
    latency = {"p50_ms": 9876.5, "p95_ms": 9999.4, "min_ms": 1234.5, "repeats": 50}
    row = Row(
        model=name, target="openvino", variant="", batch=8, precision="fp32", status="measured", input_size=224,
        latency=latency, peak_memory_bytes=12_345_678_901, file_bytes=987_654_321,
        published=PublishedTimes(123.45, 234.56, 345.67),
    )  # fmt: skip
    busy = replace(row, latency={**latency, "load_before": 18.0, "load_after": 18.0, "other_cores": 1.9})
    shown = rendered(bench_table([row, busy]))
    assert "…" not in shown
    assert "9876*" in shown
    for figure in ("9876", "9999", "1234", "123.45", "234.56", "345.67", "988 MB"):
        assert figure in shown
