"""The ranges that edgekit asks Paddle's quantisation for are those that Paddle itself quantises with."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from conftest import PATIENCE_SECONDS, ROOT
from edgekit.toolchain.environment import ensure_environment
from edgekit.toolchain.script import requirements_of

pytestmark = pytest.mark.toolchain

PADDLES_OWN = """
import json, sys, zlib
import numpy as np, paddle
from paddle.static.quantization import PostTrainingQuantization
from safetensors.numpy import load_file

folder, photos = sys.argv[1:]
(name, samples), = load_file(photos).items()
paddle.enable_static()

class Photos(paddle.io.Dataset):
    def __len__(self): return len(samples)
    def __getitem__(self, at): return (samples[at],)

fed = paddle.static.data(name, [1, *samples.shape[1:]])
loader = paddle.io.DataLoader(Photos(), feed_list=[fed], places=[paddle.CPUPlace()], return_list=False, batch_size=1)
found = {}
for method in ("hist", "avg", "abs_max"):
    scope = paddle.static.Scope()
    with paddle.static.scope_guard(scope):
        quantisation = PostTrainingQuantization(
            executor=paddle.static.Executor(paddle.CPUPlace()), scope=scope, model_dir=folder,
            model_filename="inference.pdmodel", params_filename="inference.pdiparams", data_loader=loader,
            batch_size=1, batch_nums=len(samples), algo=method, hist_percent=0.99999,
            quantizable_op_type=["conv2d", "depthwise_conv2d", "matmul_v2"],
        )
        program = quantisation.quantize()
        found[method] = {
            op.input("X")[0]: float(np.array(scope.find_var(op.input("InScale")[0]).get_tensor()).reshape(-1)[0])
            for op in program.global_block().ops if op.type.startswith("fake_quantize")
        }
print("found " + json.dumps(found))
"""
METHODS = {"percentile": "hist", "mean": "avg", "largest": "abs_max"}


def test_every_method_gives_what_paddles_own_way_gives(run_worker, mixnet_program, session_cache, tmp_path) -> None:
    photos = tmp_path / "photos.safetensors"
    save_file({"x": np.random.default_rng(3).normal(0, 1, (4, 3, 64, 64)).astype(np.float32)}, photos)
    python = ensure_environment(requirements_of(ROOT / "converters" / "paddle" / "adopt.py"), session_cache, print)
    answer = subprocess.run(
        [str(python), "-c", PADDLES_OWN, str(mixnet_program), str(photos)],
        capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr[-2000:]
    line = next(line for line in answer.stdout.splitlines() if line.startswith("found "))
    theirs = json.loads(line.removeprefix("found "))
    for method, name in METHODS.items():
        inputs = {"program": mixnet_program, "calibration": photos}
        _, folder = run_worker("paddle/quantize.py", inputs, {"method": method})
        steps = load_file(folder / "quantisation.safetensors")
        weights = read_by(Path(folder))
        ours = {value: float(steps[f"{weight}.input"][0]) * 127 for weight, value in weights.items()}
        assert ours.keys() == theirs[name].keys()
        assert ours == {value: pytest.approx(largest, rel=2e-5) for value, largest in theirs[name].items()}


def read_by(folder: Path) -> dict[str, str]:
    """Each weight of a quantised program that is multiplied in 8 bits, and the value that it is multiplied with."""
    from edgeworker.paddle_graph import ProgramGraph

    from tests.converters.loading import load

    graph = ProgramGraph.read(folder)
    kinds = load("paddle", "quantised_program").KINDS
    found = {}
    for op in graph.ops(kinds):
        slots = {slot.parameter: list(slot.arguments) for slot in op.desc.inputs}
        kind = kinds[op.desc.type]
        (value,), (weight,) = slots[kind.value], slots[kind.weight]
        if value.endswith("@whole"):
            found[weight] = value.removesuffix("@whole")
    return found
