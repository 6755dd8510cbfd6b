"""Run a Paddle Lite model for ARM: edgekit's C++ runner with a user's own library, on an emulated processor or at home.

Inputs: `arm`, `x86` (the artifact's files; the runner asks for both, and runs the first), `manifest` (the artifact's),
`runner` (a folder with `edgekit_runner` and the libraries that it needs), `tensors`. Options: `batch`, `threads`,
`precision`, `output_shapes`, `latency` (None: nothing is timed), `emulator` (what starts programs of the processor;
empty where this machine does).

The runner is a process of its own: Paddle Lite ends it where anything does not fit.
"""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from arm_arithmetic import inexact_kinds
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from edgeworker.runner import batch_sizes
from nb_format import NbModel, read_nb
from safetensors.numpy import load_file

PROGRAM = "edgekit_runner"
_REFUSED = 2
# A file for x86 or a truncated one ends the process, so that it is looked at before.
_KERNELS = {"ARM", "Host"}


def job(request: Request) -> dict[str, Any]:
    """Returns `found` (`arithmetic`: "fast" where kernels divide by an estimate, else "exact"), `runner` (what it said
    of itself), `warnings`, `samples`, and `latency`, which is None. Leaves outputs.safetensors, by the program's names.

    Raises Refusal for a file that is none for ARM, and where the runner refuses, crashes, or gives other outputs.
    """
    model = read_nb(request.inputs["arm"])
    if foreign := sorted(model.targets() - _KERNELS):
        raise Refusal(f"{request.inputs['arm'].name} asks for kernels of {', '.join(foreign)}, not ARM's", kind="input")
    artifact = artifact_of(request, request.output / "artifact")
    outputs = request.output / "outputs.safetensors"
    options, tensors = request.options, request.inputs["tensors"]
    words = [
        *("--run", str(tensors), "--outputs", str(outputs)),
        *("--batch", ",".join(map(str, batch_sizes(options))), "--threads", str(options.get("threads", 1))),
        *precision_words(options.get("precision", "fp32")),
        str(artifact),
    ]
    try:
        said = run(request.inputs["runner"], options.get("emulator") or [], words)
    finally:
        shutil.rmtree(artifact)
    samples = len(next(iter(load_file(tensors).values())))
    check_outputs(outputs, options["output_shapes"], samples)
    return {
        "found": {"arithmetic": "fast" if inexact_kinds(model) else "exact"},
        "runner": said.get("version", {}),
        "warnings": version_warnings(model, said),
        "samples": samples,
        "latency": None,
    }


def precision_words(precision: str) -> tuple[str, ...]:
    """How the runner is told what to compute in: weights in integers are computed with in FP32, INT8 is the file's."""
    return () if precision == "int8" else ("--precision", "fp32" if precision.endswith("-weights") else precision)


def artifact_of(request: Request, folder: Path) -> Path:
    """The artifact's folder as it was: its files under the names that its manifest has for them."""
    folder.mkdir()
    shutil.copyfile(request.inputs["manifest"], folder / "manifest.json")
    roles = {"model.arm.nb": request.inputs["arm"], "model.x86.nb": request.inputs["x86"]}
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for name, record in manifest["files"].items():
        shutil.copyfile(roles[record["role"]], folder / Path(name).name)
    return folder


def run(folder: Path, emulator: list[str], words: list[str]) -> dict[str, Any]:
    """What the runner in `folder` prints for `words`. Raises Refusal where it refuses or crashes."""
    if emulator:
        command, variables = [*emulator, "-E", f"LD_LIBRARY_PATH={folder}", str(folder / PROGRAM)], dict(os.environ)
    else:
        command, variables = [str(folder / PROGRAM)], {**os.environ, "LD_LIBRARY_PATH": str(folder)}
    answer = subprocess.run(
        [*command, *words], env=variables, capture_output=True, text=True, errors="replace", check=False
    )
    # For the log: the library says there why it ended the process.
    print(answer.stdout, answer.stderr, flush=True)
    last = (answer.stderr.strip() or answer.stdout.strip()).splitlines()[-1:] or ["no message"]
    if answer.returncode < 0:
        name = signal.Signals(-answer.returncode).name
        raise Refusal(f"{PROGRAM} with Paddle Lite crashed ({name}): {last[0]}")
    try:
        said = json.loads(answer.stdout)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise Refusal(f"{PROGRAM} with Paddle Lite ended with status {answer.returncode} and no answer: {last[0]}")
    if answer.returncode:
        reason = said.get("error", f"it ended with status {answer.returncode}")
        raise Refusal(f"{PROGRAM} with Paddle Lite refused: {reason}")
    return said


def check_outputs(path: Path, shapes: dict[str, list[int]], samples: int) -> None:
    """Raise Refusal unless the outputs are those of the program, [samples, ...] of numbers in FP32."""
    if not path.is_file():
        raise Refusal(f"{PROGRAM} with Paddle Lite left no outputs")
    found = load_file(path)
    if sorted(found) != sorted(shapes):
        raise Refusal(f"the outputs are {sorted(found)} where the program has {sorted(shapes)}")
    for name, values in found.items():
        wanted = [samples, *shapes[name][1:]]
        if list(values.shape) != wanted or values.dtype != np.float32:
            raise Refusal(f"the output {name} is {values.dtype} {list(values.shape)} where the program has {wanted}")


def version_warnings(model: NbModel, said: dict[str, Any]) -> list[str]:
    """That a library of another version than `opt` ran the file: Paddle Lite promises nothing then."""
    library = str(said.get("version", {}).get("backend_version", ""))
    if not library or release(library) == release(model.opt_version):
        return []
    return [f"Paddle Lite {library} ran what opt {model.opt_version} wrote, and promises nothing of others' files"]


def release(version: str) -> list[str]:
    """The first two numbers of a version such as v2.13-rc."""
    return version.strip().lstrip("v").replace("-", ".").split(".")[:2]


if __name__ == "__main__":
    main(job, tools=("paddlelite",))
