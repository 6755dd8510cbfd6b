"""The table that verification prints, and the sentences below it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.artifact.rules import ARTIFACT, PROJECT
from edgekit.devices.machine import is_reached
from edgekit.quantities.conditions import age_words, busy_words, is_busy
from edgekit.quantities.sizes import readable_size
from edgekit.report.decisions import (
    ENOUGH,
    WITHIN_NOISE,
    agreement_heading,
    compared_values,
    decision,
    what_it_gives,
)
from edgekit.report.styled import styled
from edgekit.report.titled_table import titled_table

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from edgekit.artifact.manifest import Manifest
    from edgekit.parity.verdict import OutputFigures
    from edgekit.pipeline.store import StageResult
    from edgekit.verification.check import Check

NAMED_WIDTH = 29
"""What a terminal of 80 columns has for a row's name, and for a file with its size."""

STYLES = {"passed": "bold green", "failed": "bold red", "not run": "yellow"}


def verdict_table(checks: Sequence["Check"]) -> "Table":
    """One row per variant of each artifact of one model; the checks are not empty."""
    from rich.text import Text

    manifest = checks[0].artifact.manifest
    # Narrow padding and short headings: the whole fits into a terminal of 80 columns.
    table = titled_table(title(checks[0]))
    table.add_column("target", no_wrap=True)
    # The one column that may break: numbers and verdicts keep theirs, however long a model's name is.
    table.add_column("files", overflow="fold")
    table.add_column("oracle\nerror", justify="right", no_wrap=True)
    table.add_column("ref.\nerror", justify="right", no_wrap=True)
    heading = agreement_heading(first_output(check) for check in checks)
    table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("latency ms\np50 / p95", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_row(
        styled(("reference", "dim")), styled((reference_title(checks), "dim")), *reference_cells(checks), styled()
    )
    room = NAMED_WIDTH - max(len(own_name(check)) for check in checks)
    listed: set[tuple[str, str]] = set()
    for check in checks:
        verdict = check.found.verdict
        name, processor = own_name(check), processor_of(check)
        # On another machine they are the same files.
        files = [] if (str(check.artifact.folder), name) in listed else files_of(check)
        listed.add((str(check.artifact.folder), name))
        table.add_row(
            f"{name}\n  {processor}" if processor and files else f"  {processor}" if processor else name,
            Text("\n").join(file_lines(files, room)),
            *figure_cells(first_output(check)),
            latency_cell(check.found.latency, mark(check.found.latency, check.remembered)),
            styled((verdict.status, STYLES[verdict.status])),
        )
    names = ", ".join(dict.fromkeys(f"{tool} {version}" for check in checks for tool, version in tools_of(check)))
    table.caption = styled(f"{manifest.precision.upper()}, batch {manifest.batch}; {names}")
    table.caption_justify = "left"
    return table


def own_name(check: "Check") -> str:
    """The target and the variant; `uint8` where the model takes photos instead of tensors."""
    takes_photos = check.artifact.manifest.embedded_preprocessing
    return " ".join(filter(None, (check.target.name, check.variant.name, "uint8" if takes_photos else "")))


def processor_of(check: "Check") -> str:
    """The emulated processor, or the device by its name, that it ran on, or nothing."""
    if check.found.machine is None or is_reached(check.found.machine):
        return check.found.machine or ""
    return check.found.machine.split(":")[-1]


def row_name(check: "Check") -> str:
    """What a sentence calls a row: target, variant, and emulated processor or device."""
    return " on ".join(filter(None, (own_name(check), processor_of(check))))


def reference_title(checks: Sequence["Check"]) -> str:
    """What computed the reference, in a few words."""
    judged_by = checks[0].judged_by
    if judged_by is None or judged_by.bundle is None:
        return "Paddle FP32"
    from edgekit.reference.backends import BACKENDS

    return BACKENDS[judged_by.bundle.description.backend.name].title


def title(check: "Check") -> str:
    """Which model with which weights at which size."""
    manifest = check.artifact.manifest
    return (
        f"{manifest.model.name} · {weights_title(manifest)} · {what_it_gives(manifest)} · "
        f"{manifest.preprocessing.input_size} px"
    )


def weights_title(manifest: "Manifest") -> str:
    """Which weights, in a few words; a path counts by its last part."""
    spec = manifest.weights.spec
    if manifest.weights.kind in ("file", "program"):
        return f"{manifest.weights.kind} {Path(spec).name}"
    return f"{spec} weights"


def verdict_notes(checks: Sequence["Check"]) -> list["Text"]:
    """What the table means, and the reason of every verdict that is not `passed`."""
    notes = []
    warned: dict[str, list[str]] = defaultdict(list)
    for check in checks:
        for warning in check.found.verdict.warnings:
            warned[warning].append(row_name(check))
    for check in checks:
        verdict = check.found.verdict
        if verdict.reason:
            said = (f"{row_name(check)} {verdict.status}", STYLES[verdict.status])
            notes.append(styled(said, f": {verdict.reason}"))
        # What is true of the network is so for every target: it is said once.
        first = [(", ".join(warned.pop(warning)), warning) for warning in verdict.warnings if warning in warned]
        notes += [styled((f"{rows} warning", "yellow"), f": {warning}") for rows, warning in first]
    notes += rules_notes(checks)
    notes += ledger_notes(checks)
    notes += latency_notes(checks)
    notes += reference_notes(checks)
    figures = next((found for check in checks if (found := first_output(check))), None)
    ran_on = {row_name(c): c.found.device for c in checks if c.found.device and not c.found.machine}
    own = checks[0].golden.own if checks[0].golden else None
    if own is not None:
        notes.append(styled((f"Judged on {len(own.photos)} photos of {own.folder}.", "dim")))
    notes += [styled((f"{target} ran on {device}.", "dim")) for target, device in ran_on.items()]
    timed = [check.found for check in checks if check.found.latency is not None]
    reached = {found.machine: found.device for found in timed if is_reached(found.machine)}
    for name, device in reached.items():
        notes.append(styled((f"{name} is {device}; its latencies are that device's own.", "dim")))
    there = [check for check in checks if check.found.machine and not is_reached(check.found.machine)]
    if emulated := ", ".join(dict.fromkeys(map(processor_of, there))):
        said = f"{emulated}: emulated, which shows that files are right there, and nothing of their speed."
        notes.append(styled((said, "dim")))
    if figures is not None:
        said = (
            f"Errors are the largest difference {compared_values(figures)}. "
            f"A target passes where its error against the float64 oracle stays below "
            f"{figures.max_threshold:.1e}, {limit_meaning(checks[0].artifact.manifest.precision, figures)}."
        )
        notes.append(styled((said, "dim")))
    return notes


def limit_meaning(precision: str, figures: "OutputFigures") -> str:
    """Where the largest allowed error comes from, and what is allowed of decisions."""
    noise = f"the reference's own {figures.noise.max_relative:.1e}"
    if precision == "fp32":
        return f"of the order of {noise}, and {WITHIN_NOISE[decision(figures)]} beyond that noise"
    return f"which its recipe allows {precision.upper()} (beside {noise}), and {ENOUGH[decision(figures)]}"


def rules_notes(checks: Sequence["Check"]) -> list["Text"]:
    """By whose rules was judged, where they are not edgekit's."""
    notes = []
    for whose in dict.fromkeys(check.found.tolerance for check in checks):
        if whose == ARTIFACT:
            names = ", ".join(row_name(check) for check in checks if check.found.tolerance == ARTIFACT)
            said = (
                f": {ARTIFACT} ({names}), which its manifest brings. It passes only where it also keeps edgekit's; "
                "--recipe FILE gives the rules that judge"
            )
            notes.append(styled(("tolerance", "yellow"), said))
        elif whose not in (None, PROJECT):
            notes.append(styled((f"Judged by the rules of {whose}.", "dim")))
    return notes


def ledger_notes(checks: Sequence["Check"]) -> list["Text"]:
    """How many stored parameters are accounted for; those that are not are the reason of a verdict already."""
    counted = [(own_name(check), check.found.ledger) for check in checks if check.found.ledger is not None]
    complete = ", ".join(
        dict.fromkeys(
            f"{name} {ledger.stored}" + (f" ({ledger.partial})" if ledger.partial else "")
            for name, ledger in counted
            if ledger.complete and ledger.stored
        )
    )
    return [styled((f"Every stored parameter comes from the program: {complete}.", "dim"))] if complete else []


def reference_notes(checks: Sequence["Check"]) -> list["Text"]:
    """Which bundle was the reference, and which were declined and why; nothing where it was Paddle at once."""
    notes = []
    for judged_by in (check.judged_by for check in checks if check.judged_by is not None):
        notes += [styled(("not used as reference", "yellow"), f": {declined}") for declined in judged_by.declined]
        if judged_by.bundle is not None:
            notes.append(styled((f"Judged against {judged_by.name}: {judged_by.bundle.name}", "dim")))
    return list({note.plain: note for note in notes}.values())


def first_output(check: "Check") -> "OutputFigures | None":
    """The figures of the (first) output, or None where none could be measured."""
    return next(iter(check.found.verdict.outputs.values()), None)


def files_of(check: "Check") -> list[tuple[str, str]]:
    """The files that a variant is about, each with its size: its own inputs where its target has several variants."""
    files = check.artifact.manifest.files
    chosen = {name: record for name, record in files.items() if record.role in own_roles(check)}
    # The model's name says nothing here, nor does the one that Paddle gives to all of its files.
    return [
        (name.removeprefix(check.artifact.manifest.model.name).removeprefix("inference"), readable_size(record.bytes))
        for name, record in (chosen or files).items()
    ]


def file_lines(files: Sequence[tuple[str, str]], room: int) -> Iterator["Text"]:
    """As a terminal shows them: the size below a name beside which it has no room."""
    for name, size in files:
        if len(f"{name} {size}") <= room:
            yield styled(f"{name} ", (size, "dim"))
        else:
            yield styled(name)
            yield styled((f"  {size}", "dim"))


def own_roles(check: "Check") -> set[str]:
    """The converter's names of the files that belong to this variant and to no variant that runs."""
    others = [
        variant
        for variant in check.target.description.variants
        if variant.name != check.variant.name and not variant.not_run
    ]
    roles = set(check.variant.inputs.values())
    return roles - {role for other in others for role in other.inputs.values()} if check.variant.not_run else roles


def figure_cells(figures: "OutputFigures | None") -> tuple[str, str, str]:
    """Error against the oracle, against the reference, and how many of the photos' decisions agree."""
    if figures is None:
        return "–", "–", "–"
    agreement = figures.agreement_photos
    return (
        f"{figures.against_oracle.max_relative:.1e}",
        f"{figures.against_reference.max_relative:.1e}",
        "–" if agreement is None else f"{agreement:.0%}",
    )


def reference_cells(checks: Sequence["Check"]) -> tuple["Text", "Text", "Text", "Text"]:
    """The reference's own error and latency, which put the targets' into proportion."""
    figures = next((found for check in checks if (found := first_output(check))), None)
    reference = reference_run(checks)
    error = styled("–") if figures is None else styled((f"{figures.noise.max_relative:.1e}", "dim"))
    latency = reference.details["latency"] if reference else None
    shown = latency_cell(latency, mark(latency, reference is not None and reference.cached))
    return error, styled(), styled(), styled((shown, "dim"))


def reference_run(checks: Sequence["Check"]) -> "StageResult | None":
    """The run that was the reference; a bundle holds no latency: Paddle's on this machine is not its reference's."""
    elsewhere = checks[0].judged_by is not None and checks[0].judged_by.bundle is not None
    return None if elsewhere else next((check.reference for check in checks if check.reference), None)


def latency_cell(latency: dict[str, float] | None, marked: str = "") -> str:
    """Milliseconds of one call, with a mark where something is to be said of them."""
    if latency is None:
        return "–"
    # In the place of a space: the table fills 80 columns.
    return f"{milliseconds(latency['p50_ms'])}{marked or ' '}/ {milliseconds(latency['p95_ms'])}"


def mark(latency: dict[str, float] | None, remembered: bool) -> str:
    """A star where a latency is of an earlier run, or was measured beside other work: a note says which."""
    return "*" if latency is not None and (remembered or is_busy(latency)) else ""


def latency_notes(checks: Sequence["Check"]) -> list["Text"]:
    """Which latencies are not new, with their age, and which were measured while the machine had other work."""
    measured = [(row_name(check), check.found.latency, check.remembered) for check in checks]
    if (truth := reference_run(checks)) is not None:
        measured.insert(0, ("reference", truth.details["latency"], truth.cached))
    timed = [(name, latency, remembered) for name, latency, remembered in measured if latency is not None]
    notes = []
    ages = [f"{name} {age_words(latency)}" for name, latency, remembered in timed if remembered]
    if ages:
        of = ", ".join(ages)
        said = f"* Latencies of an earlier run, which stands for this one: {of}. `edgekit bench` measures anew."
        notes.append(styled((said, "dim")))
    if busy := [(name, latency) for name, latency, _ in timed if is_busy(latency)]:
        names, words = ", ".join(name for name, _ in busy), busy_words(latency for _, latency in busy)
        notes.append(styled(("* Latencies beside other work", "yellow"), f", and slower for it: {names} ({words})."))
    return notes


def milliseconds(value: float) -> str:
    """At most four characters, so that the column keeps its width; beyond that in seconds."""
    if value < 99.95:
        return f"{value:.1f}"
    return f"{value:.0f}" if value < 9999.5 else f"{value / 1000:.0f}s"


def tools_of(check: "Check") -> list[tuple[str, str]]:
    """The tools of the conversion, in their order, without those that every worker has."""
    return [
        (tool, version)
        for stage in check.artifact.manifest.stages
        for tool, version in stage.tools.items()
        if tool not in ("numpy", "safetensors", "protobuf")
    ]
