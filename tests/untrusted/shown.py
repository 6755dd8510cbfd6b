"""What is shown of strangers' reports, on a terminal, in pages, in JUnit XML; and whether anything raw is in it."""

import io
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

from msgspec.structs import replace

from edgekit.artifact.manifest import FileRecord, VariantVerdict
from edgekit.bench.merge import merged as merged_records
from edgekit.bench.merge import read_record
from edgekit.bench.row import Report, Row
from edgekit.bench.validity import Conditions, Sustained
from edgekit.cli.compare import document, figure_table
from edgekit.cli.console import plain_console
from edgekit.cli.evaluate import evaluation_shown
from edgekit.cli.matrix import report_shown
from edgekit.evaluate.merge import merge as merged_results
from edgekit.matrix.cell import Cell
from edgekit.matrix.machine import Machine
from edgekit.matrix.merge import merge as merged_reports
from edgekit.matrix.report import MatrixReport, TargetTitle
from edgekit.parity import Verdict
from edgekit.parity.verdict import ErrorFigures, OutputFigures
from edgekit.report.bench_html import comparison_page
from edgekit.report.junit import cases_of_matrix, junit_xml
from edgekit.report.matrix_html import matrix_page
from edgekit.report.matrix_markdown import support_page
from edgekit.untrusted.json_document import encode_json
from tests.untrusted.mutation import MARKUP

WIDTH = 110


def matrix_shown(path: Path) -> None:
    """All that `edgekit matrix merge` shows of a report."""
    report = merged_reports([path])
    on_a_terminal(report_shown(report, path.parent, WIDTH))
    in_a_page(matrix_page(report))
    in_a_page(support_page(report))
    ElementTree.fromstring(junit_xml(cases_of_matrix(report)))
    json.loads(encode_json(report))


def comparison_shown(path: Path) -> None:
    """All that `edgekit compare` shows of two records that are the same."""
    record = read_record(path)
    comparisons = merged_records([("a.json", record), ("b.json", record)])
    on_a_terminal(figure_table(one) for one in comparisons)
    in_a_page(comparison_page(comparisons, [path.name]))
    json.loads(encode_json([document(one) for one in comparisons]))


def results_shown(path: Path) -> None:
    """What `edgekit evaluate merge` shows of the results of one run, but for the page: plots take half a second."""
    with tempfile.TemporaryFile() as results:
        evaluation = merged_results([path], 0.5, results)
    on_a_terminal(evaluation_shown(evaluation))
    json.loads(encode_json(evaluation))


def on_a_terminal(shown: Iterable[object]) -> None:
    """Print on a console like edgekit's; nothing raw may be in it."""
    stream = io.StringIO()
    console = plain_console(file=stream, width=WIDTH)
    for one in shown:
        console.print(one)
    text = stream.getvalue()
    assert text.replace("\n", "").isprintable(), "raw text"


def in_a_page(page: str) -> None:
    """Nothing that a stranger wrote may be an element of a page."""
    page.encode()
    for payload in MARKUP:
        assert payload.decode() not in page, "raw text"


def matrix_report() -> bytes:
    """A `matrix.json` with a cell that passed and one that failed."""
    error = ErrorFigures(1e-6, 1e-7, 1e-8, 1.0, 120.0)
    figures = OutputFigures(
        "logits", 10, 7, error, error, error, 1e-5, 1e-5, "cat", 1.0, 1.0, 1.0, 1.0, []
    )  # fmt: skip
    passed = VariantVerdict("", Verdict("passed", "Paddle", "fp32", outputs={"y": figures}), {"p50_ms": 1.0})
    failed = VariantVerdict("", Verdict("failed", "Paddle", "fp32", "it parts"))
    healthy = Cell(
        model="M", family="F", architecture="A", parameters=1000, input_size=[80, 160], target="onnx", weights="demo",
        key="0" * 64, made="2021-11-05", status="passed", outcome="passed", variants=(passed,), tools={"onnx": "1.0"},
        files={"M.onnx": FileRecord("0" * 64, 7000, "model.onnx")}, reference_latency={"p50_ms": 1.0}, seconds=1.0,
    )  # fmt: skip
    broken = replace(
        healthy, target="ncnn", input_size=64, status="failed", outcome="failed", stage="parity", reason="it parts",
        remedy="ask", variants=(failed,), files={}, tools={}, reference_latency=None,
    )  # fmt: skip
    cells = (healthy, broken)
    report = MatrixReport(
        edgekit="0.2.0", made="2021-11-05T00:00:00", command="edgekit matrix", seconds=2.0,
        machine=Machine("a processor", 2, 8 << 30, "Linux x86_64", "3.11.0"), weights="demo", precision="fp32",
        latency="alone on the machine", targets=(TargetTitle("onnx", "ONNX"), TargetTitle("ncnn", "ncnn")),
        tools={"onnx": "1.0"}, counts={"passed": 1, "failed": 1}, cells=cells, shards=((1, 2),),
    )  # fmt: skip
    return encode_json(report)


def benchmark_record() -> bytes:
    """What `edgekit bench --record` writes."""
    conditions = Conditions(
        valid=False, why_not=("few runs",), runs=1000, seconds=61.0, clocks_khz=(2_000_000, 2_400_000),
        blocks_ms=tuple(5 + number / 100 for number in range(8)), cores=(4, 5, 6),
        sustained=Sustained((8.0, 9.0), 0.125, 61.0, clocks_known=True),
    )  # fmt: skip
    row = Row(
        model="M", target="ncnn", variant="", batch=1, precision="fp32", input_size=[80, 160], status="measured",
        latency={"p50_ms": 5.0, "p95_ms": 6.0, "min_ms": 4.9}, peak_memory_bytes=60 << 20, device="P1",
        machine="adb:A1", conditions=conditions,
    )  # fmt: skip
    return encode_json(Report("a desk", 4, "published", [row]))
