"""Damages one number of a quantisation, chosen by chance, and asks the ledger whether it sees it.

    uv run python benchmarks/scales.py ARTIFACT... [--seed 0] [--trials 100]

Each INT8 artifact (of onnx, openvino, ncnn) is damaged so many times: a scale or a range times 0.5 to 1.5, of another
sign, zero or NaN; two channels' scales swapped; a zero point off by one, or a range moved by a step. The manifest is
sealed again, as if the converter had been wrong. Prints a table; ends with 1 where one was missed.
"""

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "converters" / "lib")]

from safetensors.numpy import load_file

from benchmarks.ledger import Accounts
from edgekit.artifact.load import load_artifact
from edgekit.artifact.origin import quantisation_folder_of
from edgekit.cli.session import session
from edgekit.ledger.ledger import Ledger
from edgekit.pipeline.lowering import RECORD
from edgekit.verification.preparation import prepare
from tests.diagnose.damage import READERS, Stored, seal_again

KINDS = ("scale", "swap", "zero point")
FACTORS = (0.5, 0.99, 0.999, 1.001, 1.01, 1.5, -1.0, 0.0, float("nan"))
Places = dict[str, Stored]


def main() -> None:
    """Run the trials."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("artifacts", type=Path, nargs="+")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--trials", type=int, default=100)
    given = parser.parse_args()
    seen: Counter[tuple[str, str]] = Counter()
    done: Counter[tuple[str, str]] = Counter()
    accounts = Accounts()
    with session(offline=True, verbose=False) as executor, tempfile.TemporaryDirectory() as work:
        for place in given.artifacts:
            healthy = load_artifact(place)
            target = healthy.manifest.target
            made = quantisation_folder_of(healthy.manifest, executor.store.root)
            if made is None:
                raise SystemExit(f"{place} was calibrated on nothing")
            chosen = {name for name in load_file(made / RECORD) if not name.endswith(".before")}
            for trial in range(given.trials):
                random = np.random.default_rng([given.seed, trial])
                folder = Path(work) / "damaged"
                shutil.rmtree(folder, ignore_errors=True)
                shutil.copytree(healthy.folder, folder)
                kind, said = damaged(target, folder, chosen, KINDS[trial % len(KINDS)], random)
                seal_again(folder)
                ready = prepare(load_artifact(folder), executor, timed=False)
                account = accounts.account(target, next(iter(ready.ledgers.values())))
                found = not Ledger.of(account.as_details()).complete
                done[target, kind] += 1
                seen[target, kind] += found
                if not found:
                    print(f"missed on {target}: {kind}, {said}", flush=True)
    print("| target | scale | scales swapped | zero point, range moved |\n|---|--:|--:|--:|")
    for target in dict.fromkeys(target for target, _ in done):
        cells = [f"{seen[target, kind]} of {done[target, kind]}" for kind in KINDS]
        print(f"| {target} | {' | '.join(cells)} |")
    sys.exit(sum(seen.values()) < sum(done.values()))


def damaged(target: str, folder: Path, chosen: set[str], kind: str, random: np.random.Generator) -> tuple[str, str]:
    """Change one number of what the quantisation chose: of which kind, and what. ncnn has no zero points."""
    if target == "onnx":
        return in_onnx(folder, chosen, kind, random)
    places = {one.name: one for one in READERS[target](folder) if one.name in chosen}
    if kind == "swap":
        several = {name: one for name, one in places.items() if one.count > 1}
        kind = kind if several else "scale"
        places = several or places
    if kind == "zero point":
        # A range from low to high in 256 steps, moved by one.
        ranges = {name: one for name, one in places.items() if one.count == 1 and target == "openvino"}
        kind = kind if ranges else "scale"
        places = ranges or places
    name = str(random.choice(sorted(places)))
    content = bytearray(places[name].file.read_bytes())
    values = np.frombuffer(content, np.float32, places[name].count, places[name].offset)
    kind, said = changed(values, kind, random)
    places[name].file.write_bytes(content)
    return kind, f"{name}: {said}"


def in_onnx(folder: Path, chosen: set[str], kind: str, random: np.random.Generator) -> tuple[str, str]:
    """The same in an ONNX model, whose short numbers have no place of their own in the file."""
    import onnx
    from onnx import TensorProto, numpy_helper

    (path,) = folder.glob("*.onnx")
    model = onnx.load(path)
    fits: dict[str, Callable[[onnx.TensorProto], bool]] = {
        "scale": lambda one: one.data_type == TensorProto.FLOAT,
        "swap": lambda one: one.data_type == TensorProto.FLOAT and bool(one.dims) and one.dims[0] > 1,
        "zero point": lambda one: one.data_type != TensorProto.FLOAT,
    }
    tensors = {one.name: one for one in model.graph.initializer if one.name in chosen and fits[kind](one)}
    name = str(random.choice(sorted(tensors)))
    values = np.array(numpy_helper.to_array(tensors[name]))
    kind, said = changed(values.reshape(-1), kind, random)
    tensors[name].CopyFrom(numpy_helper.from_array(values, name))
    onnx.save(model, path)
    return kind, f"{name}: {said}"


def changed(values: np.ndarray, kind: str, random: np.random.Generator) -> tuple[str, str]:
    """Change some values in place; returns the kind that was done, and what. Another value is left in any case.

    Where all values are equal none can change places: one is scaled instead.
    """
    if kind == "swap":
        order = random.permutation(len(values))
        first = int(order[0])
        second = next((int(at) for at in order if values[at] != values[first]), None)
        if second is not None:
            values[[first, second]] = values[[second, first]]
            return kind, f"{first} and {second} of {len(values)}"
        kind = "scale"
    at = int(random.integers(len(values)))
    if kind == "zero point" and values.dtype.kind != "f":
        values[at] += np.array(1, values.dtype)
        return kind, f"{at} of {len(values)} plus one"
    if kind == "zero point":
        values[at] += max(abs(float(values[at])), 1e-3) / 128
        return kind, f"{at} of {len(values)} moved by a step"
    factor = float(random.choice([one for one in FACTORS if values[at] != 0 or one != one]))
    values[at] *= np.float32(factor)
    return kind, f"{at} of {len(values)} times {factor:g}"


if __name__ == "__main__":
    main()
