"""Damages one stored parameter, chosen by chance, a little, and asks the ledger and parity whether they see it.

    uv run python benchmarks/ledger.py [--seed 0] [--trials 770] [--runs 770] [--records FILE] [--work FOLDER]

Six kinds of damage in turn, over the families and the targets; the manifest is sealed again, as if the converter had
been wrong. The account is made by the ledger's own readers and rules, in this process, where what a program explains
is worked out once for all its artifacts; the first `--runs` of the damaged artifacts are also run and judged. Prints a
line for each, then the tables of docs/ledger.md and docs/parity.md. With `--records`, lines go into a file, and what
is in it already is not done again. Ends with 1 where the ledger missed one.
"""

import argparse
import importlib.util
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from types import ModuleType

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "converters" / "lib")]

from edgeworker.ledger.account import Account, Explanations
from edgeworker.ledger.job import explanations
from edgeworker.protocol import Request

from edgekit.artifact.load import load_artifact
from edgekit.artifact.rules import rules_for
from edgekit.cli.common import SourceOptions, model_sources
from edgekit.cli.session import session
from edgekit.conversion.convert import convert
from edgekit.inputs.size import Size
from edgekit.ledger.ledger import Ledger
from edgekit.pipeline.execute import Executor, Outcomes
from edgekit.pipeline.stage import SourceFile, Stage
from edgekit.pipeline.target import targets
from edgekit.reference.choose import Choice
from edgekit.verification.judge import judge_variant
from edgekit.verification.judge_artifact import chosen_reference
from edgekit.verification.preparation import Preparation, prepare
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
TARGETS = ("onnx", "openvino", "ncnn", "lite", "lite ARM", "mnn", "tflite", "paddle")
VARIANTS = {"lite": "x86", "lite ARM": "ARM", "paddle": "plain"}
BESIDE = 4  # trials that are judged beside each other


@dataclass
class Trial:
    """One damage and who saw it; `named`: whether the ledger named the parameter that was changed.

    `parity` is None where the artifact was not run.
    """

    number: int
    model: str
    target: str
    kind: str
    parameter: str = ""
    damage: str = ""
    ledger: bool = False
    named: bool = False
    parity: bool | None = None
    error: float | None = None


def main() -> None:
    """Run the trials."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--trials", type=int, default=770)
    parser.add_argument("--runs", type=int, default=770)
    parser.add_argument("--targets", default=",".join(TARGETS), help="comma-separated")
    parser.add_argument("--records", type=Path)
    parser.add_argument("--work", type=Path)
    given = parser.parse_args()
    work = given.work or Path(tempfile.mkdtemp(prefix="edgekit-ledger-"))
    trials = recorded(given.records)
    done = {trial.number for trial in trials}
    accounts = Accounts()
    with session(offline=True, verbose=False) as executor:
        left = (one for one in planned(given.trials, given.targets.split(",")) if one.number not in done)
        while some := list(islice(left, BESIDE)):
            for trial in judged(executor, accounts, work, given.seed, some, given.runs):
                line = json.dumps(asdict(trial))
                print(line, flush=True)
                trials.append(trial)
                if given.records:
                    with given.records.open("a", encoding="utf-8") as file:
                        file.write(line + "\n")
    print(table(trials, "kind", list(DAMAGES)))
    print(table(trials, "target", TARGETS))
    print(table(trials, "model", list(MODELS)))
    seen, run = sum(trial.ledger for trial in trials), [trial for trial in trials if trial.parity is not None]
    print(f"\n{seen} of {len(trials)} seen by the ledger; {sum(map(by_parity, run))} of {len(run)} by parity")
    sys.exit(seen < len(trials))


@dataclass
class Accounts:
    """Makes accounts with the readers of the targets, and what each program explains worked out once."""

    known: dict[str, Explanations] = field(default_factory=dict)
    readers: dict[str, ModuleType] = field(default_factory=dict)

    def account(self, target: str, stage: Stage) -> Account:
        """What the worker of this stage would say."""
        files = {role: one.path for role, one in stage.inputs.items() if isinstance(one, SourceFile)}
        request = Request(files, Path(), dict(stage.options))
        program = " ".join(str(files.get(role)) for role in ("program", "rewritten", "chosen"))
        if program not in self.known:
            self.known[program] = explanations(request)
        return self.known[program].account(self.reader(target).stored(request))

    def reader(self, target: str) -> ModuleType:
        """A target's `parameters.py`, under a name of its own: every target has one."""
        if target not in self.readers:
            folder = ROOT / "converters" / target
            sys.path.insert(0, str(folder))
            spec = importlib.util.spec_from_file_location(f"{target}_parameters", folder / "parameters.py")
            assert spec is not None
            assert spec.loader is not None
            self.readers[target] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(self.readers[target])
            sys.path.remove(str(folder))
        return self.readers[target]


def planned(count: int, chosen: Sequence[str]) -> Iterator[Trial]:
    """What is to be damaged: every kind as often as the others, and every target chosen, but for the rest."""
    models = [model for model, (*_, often) in MODELS.items() for _ in range(often)]
    pairs = [(model, target) for model in models for target in chosen]
    np.random.default_rng(0).shuffle(pairs)
    kinds = list(DAMAGES)
    for number in range(count):
        model, target = pairs[number % len(pairs)]
        # Another kind for each round, so that each pair meets all of them.
        yield Trial(number, str(model), str(target), kinds[(number + number // len(pairs)) % len(kinds)])


def judged(
    executor: Executor, accounts: Accounts, work: Path, seed: int, trials: Sequence[Trial], runs: int
) -> Iterator[Trial]:
    """Damage an artifact for each trial, and let the ledger judge it, and its run, beside each other."""
    made: list[tuple[Trial, Preparation, str]] = []
    for trial in trials:
        healthy = artifact(executor, work, trial.model, trial.target.split()[0])
        folder = work / f"trial-{trial.number}" / healthy.name
        shutil.rmtree(folder.parent, ignore_errors=True)
        shutil.copytree(healthy, folder)
        # Each trial has its own dice, so that one alone can be thrown again.
        random = np.random.default_rng([seed, trial.number])
        classes = load_artifact(folder).manifest.outputs[0].shape[-1]
        done = DAMAGES[trial.kind](stored_parameters(trial.target, folder), classes, random)
        if done is None:
            raise SystemExit(f"{trial.model} on {trial.target} has nothing for {trial.kind}")
        trial.parameter, trial.damage = done
        seal_again(folder)
        prepared = prepare(load_artifact(folder), executor, timed=False)
        variant = VARIANTS.get(trial.target, "")
        account = accounts.account(healthy.name, prepared.ledgers[variant])
        trial.ledger = not Ledger.of(account.as_details()).complete
        trial.named = any(one.name == trial.parameter for one in account.unexplained)
        made.append((trial, prepared, variant))
    run = [one for one in made if one[0].number < runs]
    outcomes = executor.run(stage for _, one, variant in run for stage in (one.reference, one.runs[variant]))
    for trial, prepared, variant in made:
        if trial.number < runs:
            with_parity(trial, prepared, variant, outcomes)
            shutil.rmtree(executor.store.folder(prepared.runs[variant]), ignore_errors=True)
        shutil.rmtree(prepared.artifact.folder.parent)
        yield trial


def with_parity(trial: Trial, prepared: Preparation, variant: str, outcomes: Outcomes) -> None:
    """What the run says, or the inspection where nothing can run."""
    rules = rules_for(prepared.artifact.manifest)
    judged_by, here = chosen_reference(prepared, outcomes.result(prepared.reference), Choice("paddle-cpu"), rules)
    variants = prepared.target.variants_of(prepared.artifact.manifest.build)
    described = next(one for one in variants if one.name == variant)
    run = outcomes.by_key[prepared.runs[variant].key]
    verdict = judge_variant(prepared.artifact, described, run, judged_by, here, prepared.golden, rules).verdict
    trial.parity = verdict.status == "failed"
    trial.error = max((one.against_oracle.max_relative for one in verdict.outputs.values()), default=None)


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


def by_parity(trial: Trial) -> bool:
    """Whether its run parted from the reference."""
    return bool(trial.parity)


def table(trials: Sequence[Trial], by: str, order: Sequence[str]) -> str:
    """Markdown: who saw how many, for each value of the field `by`."""
    lines = [f"| {by} | damaged | seen by the ledger | parameter named | run | seen by parity |"]
    lines.append("|---|--:|--:|--:|--:|--:|")
    for value in order:
        some = [trial for trial in trials if getattr(trial, by) == value]
        run = [trial for trial in some if trial.parity is not None]
        counts = [len(some), sum(one.ledger for one in some), sum(one.named for one in some), len(run)]
        lines.append(f"| {value} | {' | '.join(map(str, counts))} | {sum(map(by_parity, run))} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
