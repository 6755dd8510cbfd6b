"""Build edgekit's runner with an inference library: one static executable.

Inputs: `library` (what ncnn_library.py left), `runtime` (edgekit's C++), and where the model goes into the executable,
`file/<name>` for each of its files. Options: `compiler` (see cmake.py), `executable`,
`edgekit` (its version).

Leaves the executable, stripped. Returns its `bytes`, and of those the `code_bytes`: without the model in it.
"""

import tempfile
from pathlib import Path
from typing import Any

from cmake import build, configure
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal

_EMBEDDED = "file/"
# One file, which reads files as node sees them. (Several find each other by an address that newer nodes do not take.)
_IN_NODE = "-sSINGLE_FILE=1 -sNODERAWFS=1 -sALLOW_MEMORY_GROWTH=1 -sEXIT_RUNTIME=1"


def job(request: Request) -> dict[str, Any]:
    """Configure, build, strip. Raises Refusal where a step fails."""
    options = request.options
    embedded = {
        role.removeprefix(_EMBEDDED): path for role, path in request.inputs.items() if role.startswith(_EMBEDDED)
    }
    compiler = options["compiler"]
    with tempfile.TemporaryDirectory(prefix="native-") as scratch:
        in_node = compiler["system"] == "Emscripten"
        settings: dict[str, str | bool | Path] = {
            "EDGEKIT_BACKEND": "ncnn",
            "EDGEKIT_VERSION": options["edgekit"],
            "EDGEKIT_STATIC": not in_node,
            "ncnn_DIR": request.inputs["library"] / "lib" / "cmake" / "ncnn",
            "CMAKE_FIND_ROOT_PATH_MODE_PACKAGE": "BOTH",  # Emscripten's description looks below its own folder alone
            "CMAKE_EXE_LINKER_FLAGS": _IN_NODE if in_node else "-Wl,--gc-sections -Wl,-s",
        }
        if embedded:
            folder = Path(scratch) / "embedded"
            folder.mkdir()
            for name, path in embedded.items():
                (folder / name).symlink_to(path)
            settings["EDGEKIT_EMBEDDED"] = folder
        made = Path(scratch) / "build"
        configure(request.inputs["runtime"], made, compiler, settings)
        build(made, "edgekit_runner")
        name = options["executable"]
        found = next((path for path in made.rglob(name) if path.is_file()), None)
        if found is None:
            raise Refusal(f"the build left no {name}")
        program = request.output / name
        program.write_bytes(found.read_bytes())
        program.chmod(0o755)
    size = program.stat().st_size
    return {"bytes": size, "code_bytes": size - sum(path.stat().st_size for path in embedded.values())}


if __name__ == "__main__":
    main(job, tools=("cmake",))
