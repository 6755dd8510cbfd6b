"""Writes the folder that shows the fault with the vendor's tools alone, and tries it first."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.artifact.write import locked
from edgekit.bundled import bundled_folder
from edgekit.diagnose.breaking import CONVERTED_FILES, CUT_FILES, conversion_of_cut, cut_stage
from edgekit.diagnose.graph import Graph, Layer
from edgekit.diagnose.health import FLOOR, relative_error
from edgekit.diagnose.inside import Inside, Laboratory, Values, values_of, write_sample
from edgekit.diagnose.locate import Located, Sample
from edgekit.diagnose.report import ReproducerReport
from edgekit.diagnose.steps import File, Step
from edgekit.diagnose.subject import Subject
from edgekit.errors import ConversionError, EdgekitError, UsageError
from edgekit.filesystem.owned import Kind, check_kind, is_regular, replace_folder, scratch_beside
from edgekit.pipeline.plan import way_to
from edgekit.pipeline.stage import Stage, StageFile
from edgekit.pipeline.store import StageResult
from edgekit.pipeline.target import Variant, targets
from edgekit.toolchain.script import requirements_of
from edgekit.untrusted.json_document import read_json

SCRIPTS = Path(__file__).parent / "reproducers"
SCRIPT = "reproduce.py"
CASE = "case.json"
LARGEST_CASE = 1 << 20
GROWTH = 3
"""How many layers a cut may grow by where the guilty one alone is right: some faults need a pattern."""


def written_names(folder: Path) -> set[str] | None:
    """The names in a reproducer's folder that edgekit wrote, as its case lists them; None where there is no case."""
    if not is_regular(folder / CASE):
        return None
    try:
        files = read_json(folder / CASE, dict, LARGEST_CASE).get("files")
    except UsageError:
        return None
    return {CASE, *(name for name in files if isinstance(name, str))} if isinstance(files, list) else None


REPRODUCER = Kind("reproducer", CASE, written_names)


@dataclass(frozen=True)
class Case:
    """A located fault: the guilty step, the healthy one, and the sample on which they part."""

    subject: Subject
    variant: Variant
    step: Step
    healthy: Step
    located: Located | None
    twin: bool
    breaks: bool
    """The conversion itself fails, and so is what the cut must do."""
    sample: tuple[str, Sample]
    laboratory: Laboratory


@dataclass(frozen=True)
class Cut:
    """A small model and its tensors: `inputs` with values, `outputs` with what they should be."""

    stage: Stage
    format: str
    inputs: Mapping[str, np.ndarray]
    outputs: Mapping[str, np.ndarray]

    def files(self) -> dict[str, File]:
        """Its files, for its format's runner."""
        return {role: StageFile(self.stage, name) for role, name in CUT_FILES[self.format].items()}


def write_reproducer(case: Case, folder: Path) -> ReproducerReport:
    """Cut the layer out, see whether that shows the fault, and write it down.

    Raises the error of the worker that cannot cut it out, UsageError where something else lies in the folder's place.
    """
    kind = script_kind(case)
    if kind is None:
        return ReproducerReport(folder, folder / SCRIPT, reason="no vendor's tool does this step")
    check_kind(folder, REPRODUCER)
    assert case.located is not None
    last: ReproducerReport | None = None
    for outputs in growing(case):
        cut = cut_out(case, outputs)
        try:
            error = tried(case, cut)
        except EdgekitError as failure:
            breaks = case.breaks and isinstance(failure, ConversionError)
            last = ReproducerReport(folder, folder / SCRIPT, shows=breaks, reason=failure.message)
            if breaks:
                write(case, cut, kind, folder)
                break
            continue
        shows = not error <= FLOOR and not case.breaks
        last = ReproducerReport(
            folder,
            folder / SCRIPT,
            error if np.isfinite(error) else None,
            shows,
            "" if shows else "cut out, it is right",
        )
        if shows or case.twin:
            write(case, cut, kind, folder)
        if shows:
            break
    assert last is not None
    return last


def script_kind(case: Case) -> str | None:
    """Which script shows it, or None where the step is edgekit's own."""
    kind = f"{case.step.format}_{'file' if case.twin else 'conversion'}"
    if not case.twin and case.healthy.folder == "paddle3":
        kind = f"paddle3_{case.step.format}_conversion"
    if not case.twin and case.step.format == case.healthy.format:
        return None
    return kind if (SCRIPTS / f"{kind}.py").exists() else None


def growing(case: Case) -> list[tuple[Layer, ...]]:
    """The layers to cut out: the guilty one, then with those that follow it."""
    located = case.located
    assert located is not None
    if case.twin:
        return [(located.layer,)]
    graph, first = located.healthy_graph, located.stands_for
    if first is None:
        return []
    chosen = [first]
    found: list[tuple[Layer, ...]] = [(first,)]
    for _ in range(GROWTH):
        after = sorted({at for name in chosen[-1].outputs for at in graph.readers.get(name, ())})
        if not after:
            break
        chosen.append(graph.layers[after[0]])
        found.append(tuple(chosen))
    return found


def cut_out(case: Case, layers: tuple[Layer, ...]) -> Cut:
    """Cut `layers` out of the file that is wrong, or, where the conversion is, out of what it converted."""
    assert case.located is not None
    source, graph = (case.step, case.located.graph) if case.twin else (case.healthy, case.located.healthy_graph)
    inputs, outputs = ends(graph, layers)
    truth = Inside(case.healthy, case.laboratory, case.subject.manifest.precision if case.twin else "fp32")
    (shown,) = case.laboratory.run([truth.stage([*inputs, *outputs], case.sample[1].plain)])
    values = values_of(shown)
    given, wanted = ({name: single(values, name) for name in names} for names in (inputs, outputs))
    shapes = {name: value.shape for name, value in given.items()}
    stage = cut_stage(source, shapes, outputs, case.laboratory, f"cutting {layers[0].name} out of {source.title}")
    return Cut(stage, source.format, given, wanted)


def ends(graph: Graph, layers: tuple[Layer, ...]) -> tuple[list[str], list[str]]:
    """What `layers` read from outside, and what the last of them writes."""
    made = {name for layer in layers for name in layer.outputs}
    read = dict.fromkeys(name for layer in layers for name in layer.inputs if name not in made)
    return list(read), list(layers[-1].outputs[:1])


def single(values: Values, name: str) -> np.ndarray:
    """A tensor in single precision, as the scripts' runtimes take it."""
    value = values[name]
    return value.astype(np.float32) if value.dtype == np.float64 else value


def tried(case: Case, cut: Cut) -> float:
    """The error that the cut shows: run as it is, or converted and run. Raises what either ends with."""
    laboratory, cache = case.laboratory, case.laboratory.executor.store.cache
    files, names = cut.files(), {}
    if not case.twin:
        converted = convert_cut(case, cut)
        (result,) = laboratory.run([converted])
        files = {role: StageFile(converted, name) for role, name in CONVERTED_FILES[case.step.format].items()}
        names = result.details.get("io") or {}
    step = Step("cut", "the layer cut out", case.step.format, files, options={"inputs": names.get("inputs", {})})
    outputs = [names.get("outputs", {}).get(name, name) for name in cut.outputs]
    precision = case.subject.manifest.precision if case.twin else "fp32"
    inside = Inside(step, laboratory, precision)
    (shown,) = laboratory.run([inside.stage(outputs, write_sample(dict(cut.inputs), cache))])
    found = values_of(shown)
    return max(
        relative_error(found[name], truth) if name in found.names else float("inf")
        for name, truth in zip(outputs, cut.outputs.values(), strict=True)
    )


def convert_cut(case: Case, cut: Cut) -> Stage:
    """The conversion of a cut, without rewrites: it was cut out behind them."""
    role, worker, _ = way_to(case.subject.plan, targets()[case.step.format])
    (file,) = cut.files().values()
    return conversion_of_cut(worker, role, file, case.laboratory)


def write(case: Case, cut: Cut, kind: str, folder: Path) -> None:
    """Write the folder: model, tensors, `case.json`, script. An earlier reproducer that was there is replaced.

    Raises UsageError where something else is there.
    """
    outcomes = case.laboratory.executor.run([cut.stage])
    result: StageResult = outcomes.result(cut.stage)
    with locked(folder), scratch_beside(folder) as scratch:
        content = scratch / "reproducer"
        content.mkdir()
        for name in result.files:
            shutil.copyfile(result.folder / name, content / name)
        described: dict[str, Any] = {"limit": FLOOR}
        for what, short, tensors in (("inputs", "input", cut.inputs), ("outputs", "expected", cut.outputs)):
            described[what] = {name: f"{short}{number}.npy" for number, name in enumerate(tensors)}
            for number, value in enumerate(tensors.values()):
                np.save(content / f"{short}{number}.npy", value, allow_pickle=False)
        (content / SCRIPT).write_text(
            script_head(kind) + (SCRIPTS / f"{kind}.py").read_text(encoding="utf-8"), encoding="utf-8"
        )
        described["files"] = sorted(path.name for path in content.iterdir())
        (content / CASE).write_text(json.dumps(described, indent=1), encoding="utf-8")
        replace_folder(content, folder, REPRODUCER)


def script_head(kind: str) -> str:
    """The requirements of the target's own runner, so that the script shows the versions that were diagnosed."""
    target = kind.split("_")[0]
    converters = bundled_folder("converters")
    text = requirements_of(converters / target / "run.py").file.read_text(encoding="utf-8")
    head = text[: text.index("# ///\n", 5) + 6]
    if kind in ("ncnn_conversion", "mnn_conversion", "paddle3_onnx_conversion"):
        runtime = requirements_of(converters / "onnx" / "run.py")
        pinned = next(one for one in runtime.dependencies if one.startswith("onnxruntime=="))
        head = head.replace("# dependencies = [\n", f'# dependencies = [\n#     "{pinned}",\n')
    return head
