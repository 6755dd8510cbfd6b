"""The pages of a matrix: what they show, and that nothing in them can break out."""

import re
from html.parser import HTMLParser

import pytest
from msgspec.structs import replace

from edgekit.artifact.manifest import FileRecord, VariantVerdict
from edgekit.ledger.ledger import Ledger
from edgekit.matrix.cell import Cell
from edgekit.matrix.machine import Machine
from edgekit.matrix.report import DeviceTitle, MatrixReport, TargetTitle, count_outcomes, outcome_sentence
from edgekit.parity import Verdict
from edgekit.parity.verdict import ErrorFigures, OutputFigures
from edgekit.report.matrix_html import matrix_page
from edgekit.report.matrix_markdown import support_page
from edgekit.report.matrix_table import matrix_tables
from edgekit.report.matrix_text import account_text, milliseconds, run_bytes, sizes_text

HOSTILE = '<script>alert(1)</script> | `rm` & "q" {{ 7*7 }} [link](http://x)\nnext'


def errors(value: float) -> ErrorFigures:
    return ErrorFigures(value, value, value / 10, 1.0, 100.0)


def passed(p50: float | None = 21.34) -> VariantVerdict:
    figures = OutputFigures(
        kind="logits",
        samples=10,
        classes=1000,
        against_oracle=errors(3.14e-7),
        against_reference=errors(4e-7),
        noise=errors(2.5e-7),
        max_threshold=2e-6,
        rms_threshold=3e-7,
        worst_sample="photo cat",
        top1_agreement=1.0,
        top1_agreement_photos=1.0,
        top5_agreement=1.0,
        top5_agreement_photos=1.0,
        flips=[],
    )
    latency = None if p50 is None else {"p50_ms": p50, "p95_ms": p50 * 1.1, "min_ms": p50, "repeats": 30}
    return VariantVerdict("", Verdict("passed", "Paddle", "fp32", outputs={"logits": figures}), latency)


def cell(model: str, target: str, **changes) -> Cell:
    made = Cell(
        model=model,
        family="ResNet",
        architecture=model,
        parameters=11_693_736,
        input_size=224,
        target=target,
        weights="synthetic:0",
        key="k",
        made="2026-01-02T03:04:05+00:00",
        status="passed",
        outcome="passed",
        variants=(passed(),),
        files={"m": FileRecord("0" * 64, 46_800_000, "model")},
        reference_latency={"p50_ms": 63.3},
    )
    return replace(made, **changes)


def failed(model: str, target: str, reason: str, **changes) -> Cell:
    return cell(
        model, target, status="failed", outcome="failed", stage=f"{target}/convert", reason=reason,
        variants=(), files={}, **changes,
    )  # fmt: skip


def report(*cells: Cell) -> MatrixReport:
    return MatrixReport(
        edgekit="1.2.3",
        made="2026-01-02T03:04:05+00:00",
        command="edgekit matrix",
        seconds=12.0,
        machine=Machine("A <fast> CPU", 2, 25_000_000_000, "Linux x86_64", "3.11.7"),
        weights="synthetic:0",
        precision="fp32",
        latency="p50 of one call",
        targets=tuple(TargetTitle(name, name.upper()) for name in dict.fromkeys(one.target for one in cells)),
        tools={"onnx": "1.23.2"},
        counts=count_outcomes(cells),
        cells=cells,
    )


class Structure(HTMLParser):
    """Collects tags and text; fails on an end tag that closes nothing."""

    VOID = ("meta", "br", "link", "img")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)


def test_the_page_shows_error_size_latency_and_failures() -> None:
    page = Structure(
        matrix_page(report(cell("A", "onnx"), failed("A", "lite", "no op Foo"), cell("B", "onnx"), cell("B", "lite")))
    )
    text = " ".join(page.text.split())
    for expected in ("✓ 3.1e-07", "46.8 MB · 21.3 ms", "2.5e-07", "63.3 ms", "lite/convert: no op Foo", "3 passed",
                     "1 failed", "edgekit 1.2.3, onnx 1.23.2", "edgekit matrix", "2026-01-02 03:04 UTC"):  # fmt: skip
        assert expected in text, expected
    assert page.count("td") == 2 * (1 + 2)
    classes = [attributes.get("class") for tag, attributes in page.tags if tag == "td"]
    assert classes == ["reference soft", "passed", "failed", "reference soft", "passed", "passed"]


def test_the_page_says_how_many_parameters_are_accounted_for() -> None:
    whole = replace(passed(), ledger=Ledger(302, {"the same as": 302}))
    lacking = replace(passed(), variant="ARM", ledger=Ledger(302, {}, (), 2, ("b",), 1))
    assert account_text(cell("A", "onnx")) == ""
    assert account_text(cell("A", "onnx", variants=(whole,))) == "302 parameters"
    assert account_text(cell("A", "lite", variants=(whole, lacking))) == "2 unaccounted for, 1 missing"
    assert "302 parameters" in matrix_page(report(cell("A", "onnx", variants=(whole,))))


def test_the_page_needs_no_network_and_no_script() -> None:
    page = matrix_page(report(cell("A", "onnx"), failed("A", "lite", HOSTILE)))
    structure = Structure(page)
    assert structure.count("script") == structure.count("link") == structure.count("img") == 0
    assert not [
        value for _, attributes in structure.tags for name, value in attributes.items() if name in ("src", "href")
    ]
    assert not re.search(r"url\(|@import", page)


@pytest.mark.parametrize("field", ["model", "reason", "remedy", "stage"])
def test_hostile_text_is_shown_and_does_nothing(field: str) -> None:
    bad = replace(failed("A", "onnx", "no"), **{field: HOSTILE})
    page = matrix_page(report(bad))
    structure = Structure(page)
    assert "<script" not in page
    assert "49" not in structure.text
    assert HOSTILE.split("\n")[0] in structure.text


def test_the_support_page_is_a_table_with_what_made_it() -> None:
    lines = support_page(report(cell("A_b", "onnx"), failed("A_b", "lite", "no op Foo"))).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert rows == [
        "| model | parameters | reference | ONNX | LITE |",
        "|---|--:|--:|---|---|",
        "| A\\_b | 11.7 M | 2.5e-07<br>63.3 ms | ✓ 3.1e-07<br>46.8 MB · 21.3 ms | ✗ failed<br>convert |",
    ]
    text = "\n".join(lines)
    for expected in ("`edgekit matrix` on 2026-01-02", "A &lt;fast&gt; CPU, 2 cores", "Python 3.11.7", "onnx 1.23.2"):
        assert expected in text
    assert "- **A\\_b, lite** (failed): lite/convert: no op Foo" in lines
    assert lines[0] == "# What runs where"
    of_families = replace(report(cell("A_b", "onnx")), command="edgekit matrix --breadth")
    assert support_page(of_families).startswith("# What runs where: every family\n")


def test_hostile_text_does_not_leave_its_line_of_markdown() -> None:
    page = support_page(report(failed("A|b", "onnx", HOSTILE)))
    assert "<script" not in page
    row = next(line for line in page.splitlines() if line.startswith("| A"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 5
    sentence = next(line for line in page.splitlines() if line.startswith("- **A"))
    assert sentence.endswith("next")
    assert "\\`rm\\`" in sentence
    assert "\\[link\\]" in sentence


ARM = VariantVerdict("ARM", Verdict.not_run("needs an ARM device"), inspection="it is its twin")
X86 = replace(passed(), variant="x86")


def test_what_was_only_inspected_is_a_cell_of_its_own_and_never_a_green_one() -> None:
    made = report(cell("A", "onnx"), cell("A", "lite", variants=(X86, ARM)))
    page = Structure(matrix_page(made))
    assert [attributes.get("class") for tag, attributes in page.tags if tag == "td"] == [
        "reference soft", "passed", "passed", "not-run",
    ]  # fmt: skip
    assert "inspected" in page.text
    rows = [line for line in support_page(made).splitlines() if line.startswith("|")]
    assert rows[0] == "| model | parameters | reference | ONNX | LITE x86 | LITE ARM |"
    assert rows[2].endswith("| ✓ 3.1e-07<br>46.8 MB · 21.3 ms | – inspected |")


def test_a_fault_that_an_inspection_finds_is_not_that_of_the_file_that_ran() -> None:
    wrong = replace(ARM, verdict=Verdict("failed", "its twin", "fp32", "52 operators are missing"))
    made = report(cell("A", "lite", status="failed", outcome="failed", stage="lite/compare", variants=(X86, wrong)))
    page = Structure(matrix_page(made))
    assert [attributes.get("class") for tag, attributes in page.tags if tag == "td"][1:] == ["passed", "failed"]
    assert support_page(made).count("| ✓ 3.1e-07<br>46.8 MB · 21.3 ms | ✗ failed<br>compare |") == 1


SMALL, LARGE = "aarch64:cortex-a53", "aarch64:cortex-a76"


def on_both(model: str, large: str = "passed") -> list[Cell]:
    emulated = {"variants": (passed(None),), "input_size": 64, "reference_latency": None}
    return [
        cell(model, "ncnn"),
        cell(model, "ncnn", machine=SMALL, **emulated),
        cell(
            model, "ncnn", machine=LARGE, outcome=large, status="failed" if large == "failed" else "passed", **emulated
        ),
    ]


def emulated_report(*cells: Cell) -> MatrixReport:
    devices = (DeviceTitle(SMALL, "Cortex-A53", "ARM64"), DeviceTitle(LARGE, "Cortex-A76", "ARM64"))
    return replace(report(*cells), devices=devices)


def test_an_instruction_set_has_a_column_for_each_target_that_ran_there() -> None:
    made = emulated_report(*on_both("A"), cell("A", "lite", variants=(X86, ARM)))
    lines = support_page(made).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert rows[0] == "| model | parameters | reference | NCNN | NCNN ARM64 | LITE x86 | LITE ARM |"
    assert "| ✓ 3.1e-07<br>46.8 MB · 21.3 ms | ✓ 3.1e-07 cortex-a53<br>✓ 3.1e-07 cortex-a76 |" in rows[2]
    assert (
        "- Emulated: Cortex-A53 (ARM64), Cortex-A76 (ARM64), by QEMU, in the runtimes' own packages for them; 64 px, "
        "10 golden samples, judged by the limits that all samples set; no latency, which emulation says nothing of."
    ) in lines
    assert "2 passed on this machine; 2 passed on emulated ARM64, of 1 models on 2 targets." in lines
    page = Structure(matrix_page(made))
    assert [attributes.get("class") for tag, attributes in page.tags if tag == "td"][1:] == [
        "passed", "passed", "passed", "not-run",
    ]  # fmt: skip
    assert "cortex-a76" in page.text
    assert "64 px" in page.text


def test_a_green_cell_stands_for_all_of_its_machines() -> None:
    made = emulated_report(*on_both("A", large="failed"))
    page = Structure(matrix_page(made))
    assert [attributes.get("class") for tag, attributes in page.tags if tag == "td"][1:] == ["passed", "failed"]
    assert "✗ failed cortex-a76" in support_page(made)
    assert "- **A, ncnn, cortex-a76** (failed)" in support_page(made)


def test_each_machine_has_a_table_of_its_own_on_a_terminal() -> None:
    from rich.console import Console

    console = Console(width=80)
    made = emulated_report(*on_both("A"), cell("A", "lite"))
    with console.capture() as captured:
        console.print(*matrix_tables(made, 120))
        console.print(*matrix_tables(made, 120, LARGE))
    here, there = captured.get().split("on cortex-a76")
    assert "lite" in here
    assert "lite" not in there
    assert "21.3" not in there


def test_input_sizes_that_are_not_the_usual_one_are_named() -> None:
    cells = [cell(name, "ncnn", input_size=64) for name in "AB"] + [cell("C", "ncnn")] * 2
    assert sizes_text([*cells, cell("D", "ncnn", input_size=64)]) == "64 px (C: 224 px)"


def test_expectations_are_told() -> None:
    known = replace(failed("A", "onnx", "no op Foo"), outcome="expected failure", expected="Foo is too new")
    gone = cell("B", "onnx", outcome="unexpected pass", expected="Foo is too new")
    made = report(known, gone)
    assert outcome_sentence(made) == "1 expected failure, 1 unexpected pass"
    assert made.bad == [gone]
    for page in (Structure(matrix_page(made)).text, support_page(made)):
        assert "no op Foo (expected: Foo is too new)" in page
        assert "it passes, and its recipe expects a failure (Foo is too new)" in page


@pytest.mark.parametrize(("width", "shown"), [(80, "✓ 3.1e-07 "), (120, "✓ 3.1e-07 21.3")])
def test_the_table_fits_its_width(width: int, shown: str) -> None:
    from rich.console import Console

    console = Console(width=width)
    model = "Fix_ResNet50_vd_ssld_v2"
    cells = [cell(model, target) for target in ("onnx", "lite", "ncnn")]
    made = report(*cells, failed(model, "openvino", "no"))
    with console.capture() as captured:
        console.print(*matrix_tables(made, width))
    text = captured.get()
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert shown in text
    assert "✗ convert" in text


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (1.234, "1.23 ms"), (21.34, "21.3 ms"), (99.96, "100 ms"), (387.4, "387 ms")]
)
def test_milliseconds(value: float | None, text: str) -> None:
    assert milliseconds(value) == text


def test_twins_are_counted_once() -> None:
    twins = {name: FileRecord("", 100, name) for name in ("arm", "x86")}
    assert run_bytes(cell("A", "lite", files=twins)) == 100
    pair = {"xml": FileRecord("", 3, "xml"), "bin": FileRecord("", 100, "bin")}
    assert run_bytes(cell("A", "openvino", files=pair)) == 103


def test_a_page_of_several_commands_names_each() -> None:
    commands = ("edgekit matrix --target onnx", "edgekit matrix --models 'A;b' --target ncnn")
    several = replace(report(cell("A", "onnx")), command="; ".join(commands))
    assert "- Made by " + ", ".join(f"`{one}`" for one in commands) + " on " in support_page(several)
