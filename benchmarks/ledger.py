"""Damages one stored parameter, chosen by chance, a little, and asks the ledger and parity whether they see it.

    uv run python benchmarks/ledger.py [--seed 0] [--trials 770] [--records FILE] [--work FOLDER]

Six kinds of damage in turn, over the families and the targets; the manifest is sealed again, as if the converter had
been wrong. Prints a line for each, then the tables of docs/ledger.md and docs/parity.md. With `--records`, lines go
into a file, and what is in it already is not done again. Ends with 1 where the ledger missed one.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "converters" / "lib")]

from edgekit.artifact.load import load_artifact
from edgekit.cli.common import SourceOptions, model_sources
from edgekit.cli.session import session
from edgekit.convert import convert
from edgekit.errors import EdgekitError
from edgekit.inputs.size import Size
from edgekit.ledger.ledger import Ledger
from edgekit.ledger.verification import shortfall
from edgekit.pipeline.execute import Executor, Outcomes
from edgekit.pipeline.target import targets
from edgekit.reference.choose import Choice
from edgekit.verify import Preparation, chosen_reference, judge_variant, prepare
from tests.diagnose.damage import seal_again, stored_parameters
from tests.ledger.damages import DAMAGES

# One of each family, at the smallest size that it takes, and how often: what counts is the number of layers.
MODELS = {
    "MixNet_S": ("demo", 64, 4),
    "DenseNet121": ("synthetic:0", 64, 1),
    "DPN68": ("synthetic:0", 64, 1),
    "alt_gvt_small": ("synthetic:0", 224, 1),
    "ResNet18": ("synthetic:0", 64, 2),
    "ResNet18_vd": ("synthetic:0", 64, 2),
    "HRNet_W18_C": ("synthetic:0", 64, 1),
}
TARGETS = ("onnx", "openvino", "ncnn", "lite", "lite ARM")
BESIDE = 4  # trials that are judged beside each other


@dataclass
class Trial:
    """One damage and who saw it; `named`: whether the ledger named the parameter that was changed."""

    number: int
    model: str
    target: str
    kind: str
    parameter: str
    damage: str
    ledger: bool = False
    named: bool = False
    parity: bool = False
    error: float | None = None


def main() -> None:
    """Run the trials."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--trials", type=int, default=770)
    parser.add_argument("--records", type=Path)
    parser.add_argument("--work", type=Path)
    given = parser.parse_args()
    work = given.work or Path(tempfile.mkdtemp(prefix="edgekit-ledger-"))
    trials = recorded(given.records)
    done = {trial.number for trial in trials}
    with session(offline=True, verbose=False) as executor:
        left = (one for one in planned(given.trials) if one[0] not in done)
        while some := list(islice(left, BESIDE)):
            for trial in judged(executor, work, given.seed, some):
                line = json.dumps(asdict(trial))
                print(line, flush=True)
                trials.append(trial)
                if given.records:
                    with given.records.open("a", encoding="utf-8") as file:
                        file.write(line + "\n")
    print(table(trials, "kind", list(DAMAGES)))
    print(table(trials, "target", TARGETS))
    print(table(trials, "model", list(MODELS)))
    seen = sum(trial.ledger for trial in trials)
    print(f"\n{seen} of {len(trials)} seen by the ledger, {sum(trial.parity for trial in trials)} by parity")
    sys.exit(seen < len(trials))


def planned(count: int) -> Iterator[tuple[int, str, str, str]]:
    """Number, model, target and kind: every kind as often as the others, and every target, but for the rest."""
    models = [model for model, (*_, often) in MODELS.items() for _ in range(often)]
    pairs = [(model, target) for model in models for target in TARGETS]
    np.random.default_rng(0).shuffle(pairs)
    kinds = list(DAMAGES)
    for number in range(count):
        model, target = pairs[number % len(pairs)]
        # Another kind for each round, so that each pair meets all of them.
        yield number, str(model), str(target), kinds[(number + number // len(pairs)) % len(kinds)]


def judged(executor: Executor, work: Path, seed: int, plans: Sequence[tuple[int, str, str, str]]) -> Iterator[Trial]:
    """Damage an artifact for each plan, and let the ledger and its run judge them, beside each other."""
    made: list[tuple[Trial, Preparation, str]] = []
    for number, model, target, kind in plans:
        healthy = artifact(executor, work, model, target.split()[0])
        folder = work / f"trial-{number}" / healthy.name
        shutil.rmtree(folder.parent, ignore_errors=True)
        shutil.copytree(healthy, folder)
        # Each trial has its own dice, so that one alone can be thrown again.
        random = np.random.default_rng([seed, number])
        classes = load_artifact(folder).manifest.outputs[0].shape[-1]
        done = DAMAGES[kind](stored_parameters(target, folder), classes, random)
        if done is None:
            print(f"{model} on {target} has nothing for {kind}", file=sys.stderr)
            continue
        seal_again(folder)
        variant = {"lite": "x86", "lite ARM": "ARM"}.get(target, "")
        made.append((Trial(number, model, target, kind, *done), prepare_one(executor, folder), variant))
    stages = [stage for _, one, variant in made for stage in (one.reference, one.runs[variant], one.ledgers[variant])]
    outcomes = executor.run(stages)
    for trial, prepared, variant in made:
        yield with_verdicts(trial, prepared, variant, outcomes)
        for stage in (prepared.runs[variant], prepared.ledgers[variant]):
            shutil.rmtree(executor.store.folder(stage), ignore_errors=True)
        shutil.rmtree(prepared.artifact.folder.parent)


def prepare_one(executor: Executor, folder: Path) -> Preparation:
    """The stages of its verification, without latency."""
    return prepare(load_artifact(folder), executor, timed=False)


def with_verdicts(trial: Trial, prepared: Preparation, variant: str, outcomes: Outcomes) -> Trial:
    """What the account says, and what the run does, or the inspection where nothing can run."""
    account = outcomes.by_key[prepared.ledgers[variant].key]
    _, trial.ledger = shortfall(account, "")
    if not isinstance(account, EdgekitError):
        trial.named = any(one.name == trial.parameter for one in Ledger.of(account.details).unexplained)
    judged_by, here = chosen_reference(prepared, outcomes.result(prepared.reference), Choice("paddle-cpu"))
    described = next(
        one for one in prepared.target.variants_of(prepared.artifact.manifest.build) if one.name == variant
    )
    run = outcomes.by_key[prepared.runs[variant].key]
    verdict = judge_variant(prepared.artifact, described, run, judged_by, here, prepared.golden).verdict
    trial.parity = verdict.status == "failed"
    trial.error = max((one.against_oracle.max_relative for one in verdict.outputs.values()), default=None)
    return trial


def artifact(executor: Executor, work: Path, model: str, target: str) -> Path:
    """The healthy artifact, converted once."""
    weights, size, _ = MODELS[model]
    folder = work / "healthy" / model / target
    if not folder.exists():
        (source,) = model_sources([model], SourceOptions(weights=weights, input_size=Size.of(size)), offline=True)
        (done,) = convert(source, [targets()[target]], work / "healthy", executor)
        if done.artifact is None:
            raise SystemExit(f"{model} cannot be converted to {target}: {done.error}")
    return folder


def recorded(file: Path | None) -> list[Trial]:
    """The trials of earlier runs."""
    lines = file.read_text(encoding="utf-8").splitlines() if file and file.exists() else []
    return [Trial(**json.loads(line)) for line in lines]


def table(trials: Sequence[Trial], by: str, order: Sequence[str]) -> str:
    """Markdown: who saw how many, for each value of the field `by`."""
    lines = [f"| {by} | damaged | seen by the ledger, and named | seen by parity |", "|---|--:|--:|--:|"]
    for value in order:
        some = [trial for trial in trials if getattr(trial, by) == value]
        ledger, named, parity = (sum(map(seen, some)) for seen in SEEN)
        lines.append(f"| {value} | {len(some)} | {ledger}, {named} | {parity} |")
    return "\n".join(lines)


SEEN: tuple[Callable[[Trial], bool], ...] = (lambda one: one.ledger, lambda one: one.named, lambda one: one.parity)


if __name__ == "__main__":
    main()
