"""How the figures of a matrix are written, wherever they are shown."""

from edgekit.matrix.cell import Cell
from edgekit.matrix.report import MatrixReport
from edgekit.report.sizes import readable_size

MARKS = {"passed": "✓", "failed": "✗", "not run": "–", "expected failure": "✗", "unexpected pass": "!"}
SAMPLES_NOTE = (
    "The error is the largest difference of any output from the float64 oracle on the golden inputs, relative to the "
    "largest output of its sample; the reference's is that of Paddle in FP32."
)


def error_text(cell: Cell) -> str:
    """The error against the float64 oracle, such as `3.1e-07`; empty where none was measured."""
    figures = cell.figures
    return "" if figures is None else f"{figures.against_oracle.max_relative:.1e}"


def noise_text(cells: list[Cell]) -> str:
    """The reference's own error on a model, from any of its cells."""
    figures = next((cell.figures for cell in cells if cell.figures is not None), None)
    return "" if figures is None else f"{figures.noise.max_relative:.1e}"


def milliseconds(value: float | None) -> str:
    """A latency with three significant digits or whole milliseconds; empty where it was not measured."""
    if value is None:
        return ""
    return f"{value:.0f} ms" if value >= 100 else f"{value:.3g} ms"


def reference_milliseconds(cells: list[Cell]) -> str:
    """The reference's latency on a model, from any of its cells."""
    latency = next((cell.reference_latency for cell in cells if cell.reference_latency is not None), None)
    return "" if latency is None else milliseconds(latency.get("p50_ms"))


def size_text(cell: Cell) -> str:
    """The size of the files that were run; of all of them where none was."""
    return readable_size(run_bytes(cell)) if cell.files else ""


def run_bytes(cell: Cell) -> int:
    """The bytes of one variant's files: a target with a file for each variant is not counted twice."""
    largest = max((record.bytes for record in cell.files.values()), default=0)
    others = sum(record.bytes for record in cell.files.values()) - largest
    # Files of about the same size are twins, such as those for ARM and x86; the rest belongs to the largest.
    return largest if others > largest / 2 else largest + others


def not_run_text(cell: Cell) -> str:
    """The variants of a cell that were not run though others were, such as `ARM not run`."""
    names = [one.variant for one in cell.variants if one.verdict.status == "not run"]
    return f"{', '.join(names)} not run" if names and cell.ran is not None else ""


def account_text(cell: Cell) -> str:
    """How many stored parameters are accounted for, such as `302 parameters`, or how many are not; empty where no
    ledger was made."""
    ledgers = [one.ledger for one in cell.variants if one.ledger is not None and one.ledger.stored]
    if not ledgers:
        return ""
    worst = max(ledgers, key=lambda one: (not one.complete, one.unexplained_count + one.unused_count))
    if worst.complete:
        return f"{worst.stored} parameters"
    return f"{worst.unexplained_count} unaccounted for, {worst.unused_count} missing"


def stage_text(cell: Cell) -> str:
    """Where a cell failed, without the name of its own target."""
    return cell.stage.removeprefix(f"{cell.target}/")


def machine_text(report: MatrixReport) -> str:
    """The machine in one line."""
    machine = report.machine
    cores = "1 core" if machine.cores == 1 else f"{machine.cores} cores"
    memory = readable_size(machine.memory_bytes)
    return f"{machine.cpu}, {cores}, {memory} of memory, {machine.system}, Python {machine.python}"


def tools_text(report: MatrixReport) -> str:
    """edgekit and every tool, with versions."""
    return ", ".join([f"edgekit {report.edgekit}", *(f"{tool} {version}" for tool, version in report.tools.items())])


def cell_name(cell: Cell) -> str:
    """What a sentence calls it."""
    return " on ".join(filter(None, (f"{cell.model} {cell.target}", cell.machine)))


def why(cell: Cell) -> str:
    """Where a cell failed and why, in one line; for an unexpected pass what was expected."""
    if cell.outcome == "unexpected pass":
        return f"it passes, and its recipe expects a failure ({cell.expected}): take that out of the recipe"
    reason = f"{cell.stage}: {cell.reason}" if cell.stage else cell.reason
    return f"{reason} (expected: {cell.expected})" if cell.outcome == "expected failure" else reason
