"""Run a package's self-test: on this machine, or on an emulated processor.

Input: `package`, the folder. Options: `command` (what starts the program, such as an emulator with its arguments; empty
for this machine), `executable` (its name in the folder), `arguments`, `seconds`.

Returns `status` (the program's exit status, negative for a signal), `document` (the JSON that it printed, or null)
and `said` (the end of what it printed besides).
"""

import json
import subprocess
from typing import Any

from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal

_TAIL = 2000


def job(request: Request) -> dict[str, Any]:
    """Run it. Raises Refusal where it does not end."""
    options, folder = request.options, request.inputs["package"]
    command = [*options["command"], str(folder / options["executable"]), *options["arguments"]]
    try:
        answer = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=options["seconds"],
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Refusal(f"{options['executable']} did not end within {options['seconds']} s") from None
    print(answer.stdout, answer.stderr, flush=True)
    try:
        document = json.loads(answer.stdout)
    except ValueError:
        document = None
    return {"status": answer.returncode, "document": document, "said": (answer.stderr or answer.stdout)[-_TAIL:]}


if __name__ == "__main__":
    main(job, tools=("cmake",))
