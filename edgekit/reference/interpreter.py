"""A Python of the user's own, with GPU packages that no public index holds: a virtual environment, a container's."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from edgekit.errors import AbsentError, UsageError

# Says which of the modules in its arguments are not there, without importing them: some take seconds.
QUESTION = """
import importlib.util, json, sys
def absent(name):
    try:
        return importlib.util.find_spec(name) is None
    except ImportError:
        return True
print(json.dumps({"version": sys.version_info[:3], "absent": [name for name in sys.argv[1:] if absent(name)]}))
"""
OLDEST = (3, 10)
TIMEOUT_SECONDS = 60


def check_python(python: Path, modules: Sequence[str]) -> Path:
    """The interpreter `python`, which can import `modules`.

    Raises UsageError where it is no Python from 3.10 up, AbsentError that names the modules it lacks.
    """
    try:
        answer = subprocess.run(
            [str(python), "-c", QUESTION, *modules],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        found = json.loads(answer.stdout.splitlines()[-1])
        version, absent = tuple(found["version"]), list(found["absent"])
    except (OSError, ValueError, IndexError, KeyError, TypeError, subprocess.TimeoutExpired):
        raise UsageError(f"{python} is not a Python that starts", "Give --python the path of an interpreter.") from None
    if version < OLDEST:
        raise UsageError(f"{python} is Python {'.'.join(map(str, version))}", "edgekit's workers need 3.10 or newer.")
    if absent:
        raise AbsentError(
            f"the environment of {python} lacks {', '.join(absent)}",
            f"Install them there: {python} -m pip install ..., with the GPU package from its maker.",
        )
    # Not resolved: a virtual environment's interpreter is a link, and its path says which environment it is.
    return python.absolute()
