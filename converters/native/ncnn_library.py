"""Build ncnn as a static library, with the layers that a network needs and no others.

Input: `source`, ncnn's source distribution. Options: `version`; `layers` (type -> id of a parameter -> values; see
ncnn/layers.py), or null for all layers; `kernels` (ncnn's name of the instruction set); `settings` (ncnn's CMake
options); `compiler` (see cmake.py).

Leaves `include/` and `lib/`, ready for find_package(ncnn), and ncnn's licence. Returns `layers`, those that are in it,
`library_bytes`, and `settings`.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from archive import unpack
from cmake import build, configure
from edgeworker.protocol import Request, main
from ncnn_source import NcnnSource

# Programs and parts that no artifact of edgekit needs: photos are read and prepared by its own code.
_OFF = (
    "BUILD_TOOLS", "BUILD_EXAMPLES", "BUILD_BENCHMARK", "BUILD_TESTS", "VULKAN", "PYTHON", "SHARED_LIB", "C_API",
    "PIXEL", "PIXEL_ROTATE", "PIXEL_AFFINE", "PIXEL_DRAWING", "SIMPLEOCV", "INT8", "BF16", "WEIGHT_QUANT",
)  # fmt: skip


def job(request: Request) -> dict[str, Any]:
    """Unpack, choose, build, install. Raises Refusal where a step fails."""
    options = request.options
    settings: dict[str, str | bool | Path] = {f"NCNN_{name}": False for name in _OFF} | options["settings"]
    if options["layers"] is None:
        # The full library is what ncnn itself builds.
        settings = dict.fromkeys((*(name for name in settings if name.startswith("NCNN_BUILD_")), "NCNN_VULKAN"), False)
    # Where a compiler may write without end, and which goes with the worker's scratch folder.
    with tempfile.TemporaryDirectory(prefix="native-") as scratch:
        folder = unpack(request.inputs["source"], Path(scratch) / "source")
        off = frozenset(name for name, on in settings.items() if on is False)
        source = NcnnSource(folder, options["kernels"], off)
        layers = source.known if options["layers"] is None else source.needed(options["layers"])
        settings |= {f"WITH_LAYER_{kind.lower()}": kind in layers for kind in source.known}
        settings |= {
            # Without it the day of the build is its version.
            "NCNN_VERSION": options["version"].rsplit(".", 1)[-1],
            "CMAKE_INSTALL_PREFIX": request.output.absolute(),
            "CMAKE_INSTALL_LIBDIR": "lib",
        }
        made = Path(scratch) / "build"
        configure(folder, made, options["compiler"], settings)
        build(made, "install")
        shutil.copyfile(folder / "LICENSE.txt", request.output / "LICENSE.txt")
    library = request.output / "lib" / "libncnn.a"
    return {
        "layers": list(layers),
        "library_bytes": library.stat().st_size,
        "settings": {name: text for name, text in settings.items() if name.startswith("NCNN_")},
    }


if __name__ == "__main__":
    main(job, tools=("cmake",))
