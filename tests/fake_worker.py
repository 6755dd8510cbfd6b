"""A worker that misbehaves on demand, for the tests of what starts workers. Installed as `fake/work.py`."""

# /// script
# requires-python = ">=3.10"
# dependencies = ["six==1.17.0"]
# ///

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal


def job(request: Request) -> dict:
    """Do what the option `do` says; count the call in the folder `calls`, where one is given."""
    options = request.options
    if "calls" in options:
        Path(options["calls"], str(time.time_ns())).touch()
    match options.get("do", "write"):
        case "write":
            text = "".join(path.read_text() for _, path in sorted(request.inputs.items()))
            (request.output / "out.txt").write_text(text + options.get("text", "made"))
            if "overwrite" in options:  # as somebody else would, meanwhile
                Path(options["overwrite"]).write_text("new")
        case "refuse":
            raise Refusal("the layer Foo is unknown", "Use another target.", options.get("kind", "conversion"))
        case "raise":
            raise ValueError("shapes (2,3) and (4,) do not fit")
        case "abort":
            print("[F 11/22 14:54:58.161 op_desc.h:118 GetAttr] Check failed: no attribute beta for swish")
            sys.stdout.flush()
            os.kill(os.getpid(), signal.SIGABRT)
        case "hang":
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            Path(options["pids"]).write_text(f"{os.getpid()} {child.pid}")
            time.sleep(600)
        case "eat":
            hoard = [bytearray(64 << 20) for _ in range(100)]
            time.sleep(600)
            print(len(hoard))
        case "sleep":
            time.sleep(options["seconds"])
            (request.output / "out.txt").write_text("slept")
        case "leave":
            os._exit(3)
    return {"answer": 42, "pid": os.getpid()}


main(job, ["six"])
