"""How the figures of a matrix are written, wherever they are shown."""

from collections import Counter

from edgekit.inputs.size import Size
from edgekit.matrix.cell import Cell
from edgekit.matrix.report import MatrixReport
from edgekit.quantities.sizes import readable_size
from edgekit.shards import missing_shards

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


def inspected_text(cell: Cell) -> str:
    """That a file was compared, where none could be run."""
    return "inspected" if cell.outcome == "not run" and any(one.inspection is not None for one in cell.variants) else ""


def processor_text(cell: Cell) -> str:
    """The emulated processor of a cell, such as `cortex-a53`; empty for this machine."""
    return cell.machine.split(":")[-1] if cell.machine else ""


def devices_text(report: MatrixReport) -> str:
    """What ran on emulated machines, and how: processors, input sizes, samples; empty where nothing did."""
    cells = [cell for cell in report.cells if cell.machine is not None]
    if not cells:
        return ""
    ran = [figures for cell in cells if (figures := cell.figures) is not None]
    samples = " or ".join(str(count) for count in sorted({figures.samples for figures in ran}))
    processors = ", ".join(f"{one.processor} ({one.architecture})" for one in report.devices)
    sizes = sizes_text(cells)
    return (
        f"{processors}, by QEMU, in the runtimes' own packages for them; {sizes}, {samples or 'no'} golden samples, "
        "judged by the limits that all samples set; no latency, which emulation says nothing of"
    )


def sizes_text(cells: list[Cell]) -> str:
    """The input sizes of cells, such as `64 px (alt_gvt_base: 224 px)`: the most frequent one, then the others."""
    counted = Counter(str(Size.of(cell.input_size)) for cell in cells)
    usual = counted.most_common(1)[0][0]
    others: dict[str, list[str]] = {}
    for cell in cells:
        if (size := str(Size.of(cell.input_size))) != usual:
            others.setdefault(size, []).append(cell.model)
    said = "; ".join(f"{', '.join(dict.fromkeys(models))}: {size} px" for size, models in others.items())
    return f"{usual} px" + (f" ({said})" if said else "")


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


def parts_text(report: MatrixReport) -> str:
    """Which parts of a matrix a report lacks, such as `parts 2, 3 of 3 are missing`; empty where it is whole."""
    lacking = missing_shards(report.shards)
    numbers = ", ".join(str(number) for number, _ in lacking)
    if len(lacking) == 1:
        return f"part {numbers} of {lacking[0][1]} is missing"
    return f"parts {numbers} of {lacking[0][1]} are missing" if lacking else ""


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
