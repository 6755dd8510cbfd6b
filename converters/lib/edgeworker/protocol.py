"""One request in, files and one result out: how the core talks to a converter or a runner.

    python convert.py REQUEST.json RESULT.json

The request names input files, an empty output folder and options; the result says what was done. A worker that
finds its input impossible raises `Refusal`; anything else that goes wrong ends the process, and the core turns
the log into one sentence.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from edgeworker.refusal import Refusal
from edgeworker.whole import NotWhole, check_whole


@dataclass(frozen=True)
class Request:
    """`inputs`: role -> existing file or folder; `output`: an empty folder to write into; `options`: plain JSON."""

    inputs: dict[str, Path]
    output: Path
    options: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> "Request":
        """The request in a JSON file."""
        raw = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            inputs={role: Path(value) for role, value in raw["inputs"].items()},
            output=Path(raw["output"]),
            options=raw["options"],
        )


def main(job: Callable[[Request], dict[str, Any]], tools: Sequence[str]) -> None:
    """Run `job` on the request named on the command line and write its result.

    `tools` are the distributions whose versions belong in the manifest. The result holds `status` ("ok" or
    "refused"), `details` (what `job` returned), `tools`, `seconds` (wall time of the job) and
    `peak_memory_bytes` (of this process, the toolchain's libraries included).
    """
    if len(sys.argv) != 3:
        sys.exit(f"usage: {Path(sys.argv[0]).name} REQUEST.json RESULT.json")
    request, result = Request.read(Path(sys.argv[1])), Path(sys.argv[2])
    started = time.perf_counter()
    try:
        answer: dict[str, Any] = {"status": "ok", "details": job(request)}
        check_whole(request.output)
    except NotWhole as cut:
        remedy = "Look whether the disk is full, and run it again."
        answer = {"status": "refused", "message": str(cut), "remedy": remedy, "kind": "conversion"}
    except Refusal as refusal:
        answer = {
            "status": "refused",
            "message": refusal.message,
            "remedy": refusal.remedy,
            "kind": refusal.kind,
        }
    answer["tools"] = installed_versions(tools)
    answer["seconds"] = time.perf_counter() - started
    answer["peak_memory_bytes"] = peak_memory_bytes()
    # Beside and renamed: a result that exists is a whole one.
    partial = result.with_name(result.name + ".partial")
    partial.write_text(json.dumps(answer, indent=1), encoding="utf-8")
    partial.replace(result)
    sys.stdout.flush()
    sys.stderr.flush()
    # Some toolchains crash in their static destructors after the work is done; the result is already safe.
    os._exit(0 if answer["status"] == "ok" else 1)


def installed_versions(names: Sequence[str]) -> dict[str, str]:
    """The versions of distributions, without those that are not here by that name.

    A worker's own environment has all of them; one of the user's may hold the same package under another name.
    """
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def peak_memory_bytes() -> int:
    """The largest resident size this process has had, in bytes."""
    try:
        # What getrusage says outlives exec: it would be that of the process which started this one.
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) * 1024
    except (OSError, StopIteration):
        pass  # not Linux
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # Linux counts KiB, macOS bytes
