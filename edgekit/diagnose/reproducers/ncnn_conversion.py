"""A small ONNX graph that pnnx turns into an ncnn model that computes something else than ONNX Runtime does.

uv run --script reproduce.py
"""

import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import ncnn
import numpy as np
import onnxruntime


def off(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference, relative to the largest expected value."""
    if found.size != expected.size:
        return np.inf
    return float(np.abs(found.reshape(-1) - expected.reshape(-1)).max() / (np.abs(expected).max() or 1))


here = Path(__file__).resolve().parent
case = json.loads((here / "case.json").read_text())
fed = {name: np.load(here / file) for name, file in case["inputs"].items()}
session = onnxruntime.InferenceSession(here / "model.onnx", providers=["CPUExecutionProvider"])
expected = dict(zip(case["outputs"], session.run(list(case["outputs"]), fed), strict=True))

spec = importlib.util.find_spec("pnnx")  # not imported: its Python front needs torch, its executable does not
assert spec is not None and spec.origin is not None
with tempfile.TemporaryDirectory() as folder:
    shutil.copy(here / "model.onnx", folder)
    shapes = ",".join(str(list(value.shape)).replace(" ", "") for value in fed.values())
    program = Path(spec.origin).with_name("pnnx")
    log = subprocess.run(
        [program, "model.onnx", f"inputshape={shapes}", "fp16=0"], cwd=folder, capture_output=True, check=False
    )
    param = Path(folder, "model.ncnn.param")
    if not param.exists():
        sys.exit(f"pnnx wrote no model: {log.stderr.decode(errors='replace')[-500:]}")
    print(param.read_text())
    net = ncnn.Net()
    net.opt.num_threads = 1
    for option in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_packed", "use_bf16_storage"):
        setattr(net.opt, option, False)
    if net.load_param(str(param)) or net.load_model(str(Path(folder, "model.ncnn.bin"))):
        sys.exit("ncnn cannot load what pnnx wrote")
wrong = False
with net.create_extractor() as extractor:
    for number, value in enumerate(fed.values()):
        sample = np.ascontiguousarray(value[0])  # ncnn has no batch: the leading 1 goes
        # pnnx numbers inputs and outputs in the graph's order. A Mat borrows the array's memory; a clone has its own.
        extractor.input(f"in{number}", ncnn.Mat(sample).clone())
    for number, (name, truth) in enumerate(expected.items()):
        status, mat = extractor.extract(f"out{number}")
        found = np.array(mat)
        error = off(found, truth) if status == 0 else np.inf
        print(f"{name}: ncnn {list(found.shape)}, ONNX Runtime {list(truth.shape)}, off by {error:.3g}")
        wrong |= not error <= case["limit"]  # NaN is wrong too
sys.exit(wrong)
