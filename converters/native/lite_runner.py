"""Build edgekit's runner with a user's Paddle Lite.

Inputs: `library` (a folder with `include` and `lib`), `runtime` (edgekit's C++). Options: `compiler` (see cmake.py),
`executable`, `shared` (the library's file where it is one that programs load).

Leaves the executable, stripped, and the shared library beside it.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from cmake import build, configure
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal


def job(request: Request) -> dict[str, Any]:
    """Configure, build, copy. Raises Refusal where a step fails."""
    options, name = request.options, request.options["executable"]
    settings: dict[str, str | bool | Path] = {
        "EDGEKIT_BACKEND": "lite",
        "EDGEKIT_LITE_LIBRARY": request.inputs["library"],
        "CMAKE_EXE_LINKER_FLAGS": "-Wl,--gc-sections -Wl,-s",
    }
    with tempfile.TemporaryDirectory(prefix="native-") as scratch:
        made = Path(scratch) / "build"
        configure(request.inputs["runtime"], made, options["compiler"], settings)
        build(made, "edgekit_runner")
        found = next((path for path in made.rglob(name) if path.is_file()), None)
        if found is None:
            raise Refusal(f"the build left no {name}")
        shutil.copyfile(found, request.output / name)
        (request.output / name).chmod(0o755)
    if options["shared"]:
        shutil.copyfile(request.inputs["library"] / "lib" / options["shared"], request.output / options["shared"])
    return {"bytes": (request.output / name).stat().st_size}


if __name__ == "__main__":
    main(job, tools=("cmake",))
