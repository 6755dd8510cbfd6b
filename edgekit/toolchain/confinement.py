"""Workers are confined by the kernel: what they are told, and what of it this machine enforces.

The confinement itself is `converters/lib/edgeworker/confinement`; docs/confinement.md says what it is worth.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from msgspec import Struct

from edgekit.bundled import bundled_folder

UNCONFINED = "EDGEKIT_UNCONFINED"  # set by a user whose tools a confinement breaks
TIMEOUT_SECONDS = 20
EMPTIES = 3  # Landlock's ABI that knows truncation


def confinement(script: Path, scratch: Path, output: Path, *, gpu: bool, listen: Sequence[int] = ()) -> dict[str, str]:
    """The variable by which a worker confines itself before it loads anything native (see sitecustomize.py).

    It may write into `scratch` and `output`; its own modules, which it cannot compile from then on, it compiles first.
    A server may `listen` on the ports named.
    """
    if os.environ.get(UNCONFINED):
        return {}
    if gpu:
        load_unified_memory()
    asked = {
        "folders": [str(scratch.resolve()), str(output.resolve())],
        "gpu": gpu,
        "listen": list(listen),
        "sources": [str(script.parent), str(bundled_folder("converters") / "lib")],
    }
    return {"EDGEKIT_CONFINE": json.dumps(asked)}


@cache
def load_unified_memory() -> None:
    """Have NVIDIA's setuid helper, where there is one, load the module that CUDA needs and make its device.

    CUDA calls it by itself where they are missing, which no confined process can.
    """
    if (helper := shutil.which("nvidia-modprobe")) is not None:
        subprocess.run([helper, "-u", "-c=0"], capture_output=True, timeout=TIMEOUT_SECONDS, check=False)


class Trial(Struct, frozen=True):
    """What a confined process found possible here: writing into its folder and elsewhere, any socket, a TCP server.

    `landlock_abi` and `network` are those of `edgeworker.confinement.Confinement`.
    """

    landlock_abi: int
    network: str
    writes: bool
    writes_elsewhere: bool
    sockets: bool
    tcp: bool


def try_confinement() -> Trial | str:
    """Confine a process as workers are, and let it try; or why no worker is confined here."""
    import msgspec

    if os.environ.get(UNCONFINED):
        return f"{UNCONFINED} is set, so that workers may write and connect wherever you may"
    if sys.platform != "linux":
        return "only Linux confines a process without root; here workers may write and connect wherever you may"
    with tempfile.TemporaryDirectory(prefix="edgekit-confinement-") as folder:
        places = [Path(folder, name) for name in ("own", "elsewhere")]
        for place in places:
            place.mkdir()
        answer = subprocess.run(
            [sys.executable, "-m", "edgeworker.confinement", *places],
            env={**os.environ, "PYTHONPATH": str(bundled_folder("converters") / "lib")},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    if answer.returncode != 0:
        last = answer.stderr.strip().rpartition("\n")[2]
        return f"no worker starts: the kernel would not confine it ({last}); {UNCONFINED}=1 starts them without"
    return msgspec.json.decode(answer.stdout, type=Trial)


def shortcomings(trial: Trial) -> list[str]:
    """What a worker may still do on this machine, in a few words with the way out; nothing where it is confined."""
    found = []
    if trial.writes_elsewhere:
        found.append("workers may write wherever you may: this needs Linux 5.13 with Landlock (lsm=landlock at boot)")
    elif trial.landlock_abi < EMPTIES:
        found.append("a worker could empty files elsewhere, though not write them: Linux 6.2 refuses that, too")
    if trial.tcp:
        found.append("workers may use the network: this needs a kernel with seccomp, on x86-64 or 64-bit ARM")
    elif trial.sockets:
        found.append("workers may use sockets other than TCP's: this needs a kernel with seccomp, on x86-64 or ARM64")
    return found
