"""pnnx's executable: started by its path, bounded in time, its log passed on and read."""

import importlib.util
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from edgeworker.refusal import Refusal

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# What pnnx says and then goes on: a graph it could not lower, an attribute it dropped, a shape it guessed.
_SUSPICIOUS = re.compile(
    r"ignore|unsupported|not supported|not allowed|incorrect|fallback|unbind|failed", re.IGNORECASE
)
# The bundled ONNX Runtime's note on a processor that it cannot name.
_HARMLESS = re.compile(r"Unknown CPU vendor")
_PORT = re.compile(r"^pnnx\.(Input|Output)\s.*=\(([\d,]*)\)(\w+)")


@dataclass(frozen=True)
class Conversion:
    """The two files worth keeping; the shapes as pnnx understood them; what it said that may matter."""

    param: Path
    bin: Path
    input_shapes: list[list[int]]
    output_shapes: list[list[int]]
    warnings: list[str]


def run_pnnx(folder: Path, shapes: list[list[int]], fp16: bool, timeout: float) -> Conversion:
    """Convert `folder`/model.onnx, whose inputs have `shapes`, into the same folder.

    Raises Refusal where pnnx takes longer than `timeout` seconds, crashes, or leaves no files.
    """
    arguments = [
        str(_executable()),
        "model.onnx",
        "inputshape=" + ",".join("[" + ",".join(map(str, shape)) + "]" for shape in shapes),
        f"fp16={int(fp16)}",
    ]
    try:
        process = subprocess.run(
            arguments,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Refusal(f"pnnx was stopped after {timeout:.0f} s", "Give it more time") from error
    log = _COLOUR.sub("", process.stdout)
    sys.stderr.write(log)
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    if process.returncode != 0:
        end = f"signal {-process.returncode}" if process.returncode < 0 else f"status {process.returncode}"
        raise Refusal(f"pnnx ended with {end}: {lines[-1] if lines else 'it said nothing'}")
    files = [folder / name for name in ("model.ncnn.param", "model.ncnn.bin", "model.pnnx.param")]
    for path in files:
        if not path.is_file() or (path.suffix == ".param" and path.stat().st_size == 0):
            raise Refusal(f"pnnx ended without an error and without a whole {path.name}")
    ports = [match for line in files[2].read_text(encoding="utf-8").splitlines() if (match := _PORT.match(line))]
    return Conversion(
        param=files[0],
        bin=files[1],
        input_shapes=[_shape(match[2]) for match in ports if match[1] == "Input"],
        output_shapes=[_shape(match[2]) for match in ports if match[1] == "Output"],
        warnings=[line for line in lines if _SUSPICIOUS.search(line) and not _HARMLESS.search(line)],
    )


def _shape(text: str) -> list[int]:
    return [int(part) for part in text.split(",") if part]


def _executable() -> Path:
    """Found without an import: the Python package imports torch."""
    spec = importlib.util.find_spec("pnnx")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("pnnx is not installed")
    return Path(spec.origin).with_name("pnnx.exe" if sys.platform == "win32" else "pnnx")
