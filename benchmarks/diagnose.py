"""Damages one parameter of one layer, chosen by chance, and asks `edgekit diagnose` which layer it was.

    uv run python benchmarks/diagnose.py [--seed 0] [--layers 20] [--only 3] [--work FOLDER]

Twenty layers over six families and four targets; each is damaged in one value or one output channel, a little and then
more, until parity fails. Half of the artifacts get their manifest sealed again, as a faulty converter would have; the
others keep the old hash, as a damaged file would. Each is diagnosed twice: as a user does, beside a fresh conversion,
and without one, beside the step before. Prints a line for each, and the table for docs/diagnose.md.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "converters" / "lib")]

from edgekit.cli.common import SourceOptions, model_sources
from edgekit.cli.session import session
from edgekit.conversion.convert import convert
from edgekit.diagnose.diagnose import diagnose
from edgekit.diagnose.graph import Graph, Layer
from edgekit.diagnose.inside import Inside, Laboratory
from edgekit.diagnose.steps import ARTIFACT, Step
from edgekit.diagnose.subject import artifact_subject
from edgekit.inputs.size import Size
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.target import targets
from tests.diagnose.damage import damage, seal_again, stored_parameters

# One of each family, at the smallest size that it takes: what counts is the number of layers.
MODELS = {
    "MixNet_S": ("demo", 64),
    "DenseNet121": ("synthetic:0", 64),
    "DPN68": ("synthetic:0", 64),
    "alt_gvt_small": ("synthetic:0", 224),
    "ResNet50_vd": ("synthetic:0", 64),
    "HRNet_W18_C": ("synthetic:0", 64),
}
TARGETS = ("onnx", "openvino", "ncnn", "lite")
STRENGTHS = (2.0, 8.0, 64.0)


@dataclass
class Trial:
    """One damage and what was said of it."""

    model: str
    target: str
    layer: str
    type: str
    damage: str
    error: float | None = None
    sealed: bool = False
    named: str = ""
    named_without_twin: str = ""
    reproduced: bool = False
    runs: int = 0


def main() -> None:
    """Run the trials."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--layers", type=int, default=20)
    parser.add_argument("--only", type=int, help="the number of the one trial to run")
    parser.add_argument("--work", type=Path)
    given = parser.parse_args()
    work = given.work or Path(tempfile.mkdtemp(prefix="edgekit-diagnose-"))
    with session(offline=True, verbose=False) as executor:
        trials = []
        for number, (model, target) in enumerate(pairs(np.random.default_rng(given.seed), given.layers)):
            # Each trial has its own dice, so that one alone can be thrown again.
            if given.only is not None and number != given.only:
                continue
            trial = one_trial(executor, work, model, target, np.random.default_rng([given.seed, number]), number)
            trials.append(trial)
            print(json.dumps(asdict(trial)), flush=True)
    print(table(trials))
    right = sum(one.named == one.layer for one in trials)
    without = sum(one.named_without_twin == one.layer for one in trials)
    print(f"\n{right} of {len(trials)} layers named; {without} of {len(trials)} without a fresh conversion")
    sys.exit(right < len(trials))


def pairs(random: np.random.Generator, count: int) -> Iterator[tuple[str, str]]:
    """Models and targets by chance, each model and each target as often as the others, but for the rest."""
    every = [(model, target) for model in MODELS for target in TARGETS]
    random.shuffle(every)
    for number in range(count):
        model, target = every[number % len(every)]
        yield model, target


def one_trial(
    executor: Executor, work: Path, model: str, target: str, random: np.random.Generator, number: int
) -> Trial:
    """Damage a layer of one artifact until parity fails, and diagnose it in both ways."""
    healthy = artifact(executor, work, model, target)
    graph, stored = graph_of(executor, healthy, target), stored_parameters(target, healthy)
    while True:
        layer, parameter = drawn(graph, target, stored, random)
        for strength in STRENGTHS:
            folder = work / f"trial-{number}" / target
            shutil.rmtree(folder.parent, ignore_errors=True)
            shutil.copytree(healthy, folder)
            chosen = stored_parameters(target, folder)[parameter]
            said = damage(chosen, random, strength, channel=number % 2 == 0)
            sealed = number % 4 < 2
            if sealed:
                seal_again(folder)
            (found, *_) = diagnose(artifact_subject(folder, executor), executor, folder.parent / "reproducer")
            if found.healthy:
                continue  # too little to be seen, or a channel without effect
            (blind, *_) = diagnose(artifact_subject(folder, executor), executor, None, twins=False)
            trial = Trial(
                model,
                target,
                layer.name,
                layer.type,
                f"{parameter}: {said}",
                found.steps[-1].error,
                sealed,
                found.layer.name if found.layer else "",
                blind.layer.name if blind.layer else "",
                bool(found.reproducer and found.reproducer.shows),
                found.runs,
            )
            shutil.rmtree(folder.parent)
            return trial


def drawn(graph: Graph, target: str, stored: dict, random: np.random.Generator) -> tuple[Layer, str]:
    """A layer by chance among those with parameters of their own, and one of these."""
    users: dict[str, list[Layer]] = {}
    for layer in graph.layers:
        for name in layer.parameters:
            users.setdefault(f"{layer.name}.{name}" if target == "ncnn" and "." not in name else name, []).append(layer)
    own = [(name, layers[0]) for name, layers in users.items() if len(layers) == 1 and name in stored]
    names = sorted({layer.name for _, layer in own})
    chosen = names[int(random.integers(len(names)))]
    choices = [(layer, name) for name, layer in own if layer.name == chosen and stored[name].count > 1]
    return choices[int(random.integers(len(choices)))] if choices else drawn(graph, target, stored, random)


def artifact(executor: Executor, work: Path, model: str, target: str) -> Path:
    """The healthy artifact, converted once."""
    weights, size = MODELS[model]
    (source,) = model_sources([model], SourceOptions(weights=weights, input_size=Size.of(size)), offline=True)
    (done,) = convert(source, [targets()[target]], work / "healthy", executor)
    if done.artifact is None:
        raise SystemExit(f"{model} cannot be converted to {target}: {done.error}")
    return done.artifact.folder


def graph_of(executor: Executor, folder: Path, target: str) -> Graph:
    """The layers of an artifact."""
    subject = artifact_subject(folder, executor)
    assert subject.artifact is not None
    files = subject.artifact.by_role()
    variant = next(one for one in subject.target.variants_of(subject.manifest.build) if not one.not_run)
    step = Step(ARTIFACT, "the artifact", target, {role: files[file] for role, file in variant.inputs.items()})
    return Inside(step, Laboratory(executor, 0)).graph()


def table(trials: list[Trial]) -> str:
    """Markdown."""
    lines = [
        "| model | target | damaged layer | what | error | named | without a twin | reproduced |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in trials:
        sealed = "sealed again" if one.sealed else "hash differs"
        lines.append(
            f"| {one.model} | {one.target} | `{one.layer}` ({one.type}) | {one.damage}, {sealed} | {one.error:.1e} | "
            f"{'yes' if one.named == one.layer else one.named or 'no'} | "
            f"{'yes' if one.named_without_twin == one.layer else one.named_without_twin or 'no'} | "
            f"{'yes' if one.reproduced else 'no'} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
