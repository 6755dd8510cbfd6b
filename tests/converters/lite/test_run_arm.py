"""What the worker for ARM makes of what edgekit's runner does: its answers, refusals and crashes."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from edgekit.errors import ConversionError, UsageError

pytestmark = pytest.mark.toolchain

# A program in the runner's place. It gives what `outputs` holds, after what the test puts in.
RUNNER = """#!{python}
import json, os, shutil, signal, sys
words = sys.argv[1:]
chosen = dict(zip(words[:-1:2], words[1:-1:2]))
folder = words[-1]
manifest = json.load(open(os.path.join(folder, "manifest.json")))
assert sorted(os.listdir(folder)) == sorted([*manifest["files"], "manifest.json"]), os.listdir(folder)
print("a log", file=sys.stderr)
{body}
shutil.copyfile("{outputs}", chosen["--outputs"])
print(json.dumps({{"samples": 2, "chosen": chosen, "version": {{"backend": "lite", "backend_version": "{version}"}}}}))
"""


@pytest.fixture
def ran(run_worker, tiny_files, tmp_path):
    """Runs the tiny model's ARM file with a runner whose `body` is this, and which gives `outputs`."""

    def run(body: str = "", outputs: dict[str, np.ndarray] | None = None, *, version: str = "v2.13", **changed):
        given = tmp_path / "given.safetensors"
        save_file(outputs or {"logits": np.arange(10, dtype=np.float32).reshape(2, 5)}, given)
        save_file({"x": np.zeros((2, 3, 8, 8), np.float32)}, tmp_path / "tensors.safetensors")
        (tmp_path / "runner").mkdir(exist_ok=True)
        program = tmp_path / "runner" / "edgekit_runner"
        program.write_text(RUNNER.format(python=sys.executable, body=body, outputs=given, version=version))
        program.chmod(0o755)
        files = {f"Tiny.{name}.nb": {"role": f"model.{name}.nb"} for name in ("arm", "x86")}
        (tmp_path / "manifest.json").write_text(json.dumps({"files": files}))
        inputs = {
            **tiny_files,
            "manifest": tmp_path / "manifest.json",
            "runner": tmp_path / "runner",
            "tensors": tmp_path / "tensors.safetensors",
            **changed,
        }
        options = {"batch": 1, "threads": 1, "precision": "fp32", "latency": None, "output_shapes": {"logits": [1, 5]}}
        return run_worker("lite/run_arm.py", inputs, options)

    return run


def test_the_outputs_are_the_runner_s(ran):
    details, output = ran()
    found = load_file(output / "outputs.safetensors")
    np.testing.assert_array_equal(found["logits"], np.arange(10).reshape(2, 5))
    assert sorted(path.name for path in output.iterdir()) == ["outputs.safetensors"]
    # The tiny program has a swish, which was left as it is.
    assert details == {
        "found": {"arithmetic": "fast"},
        "runner": {"backend": "lite", "backend_version": "v2.13"},
        "warnings": [],
        "samples": 2,
        "latency": None,
    }


def test_nan_is_for_the_verdict(ran):
    _, output = ran(outputs={"logits": np.full((2, 5), np.nan, np.float32)})
    assert np.isnan(load_file(output / "outputs.safetensors")["logits"]).all()


def test_a_library_of_another_version_is_a_warning(ran):
    details, _ = ran(version="v2.12-rc")
    assert details["warnings"] == [
        "Paddle Lite v2.12-rc ran what opt v2.13-rc wrote, and promises nothing of others' files"
    ]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "print('F check failed: no kernel', file=sys.stderr, flush=True); os.kill(os.getpid(), signal.SIGABRT)",
            r"edgekit_runner with Paddle Lite crashed \(SIGABRT\): F check failed: no kernel",
        ),
        ("os.kill(os.getpid(), signal.SIGILL)", r"crashed \(SIGILL\)"),
        ("print(json.dumps({'error': 'it is damaged'})); sys.exit(2)", "with Paddle Lite refused: it is damaged"),
        ("print('not JSON'); sys.exit(0)", "ended with status 0 and no answer: a log"),
        ("print('{}'); sys.exit(0)", "left no outputs"),
        ("sys.exit(127)", "ended with status 127 and no answer"),
    ],
)
def test_what_goes_wrong_is_one_sentence(ran, body, said):
    with pytest.raises(ConversionError, match=said):
        ran(body)


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        ({"logits": np.zeros((2, 4), np.float32)}, r"logits is float32 \[2, 4\] where the program has \[2, 5\]"),
        ({"logits": np.zeros((1, 5), np.float32)}, r"logits is float32 \[1, 5\] where the program has \[2, 5\]"),
        ({"logits": np.zeros((2, 5), np.float64)}, r"logits is float64 \[2, 5\]"),
        ({"others": np.zeros((2, 5), np.float32)}, r"the outputs are \['others'\] where the program has \['logits'\]"),
    ],
)
def test_other_outputs_are_refused(ran, outputs, said):
    with pytest.raises(ConversionError, match=said):
        ran(outputs=outputs)


def test_a_file_for_another_processor_never_reaches_the_library(ran, tiny_files):
    with pytest.raises(UsageError, match=r"tiny\.x86\.nb asks for kernels of X86, not ARM's"):
        ran(arm=tiny_files["x86"])


def test_a_file_cut_short_never_reaches_the_library(ran, tiny_files, tmp_path):
    cut: Path = tmp_path / "cut.nb"
    cut.write_bytes(tiny_files["arm"].read_bytes()[:-1])
    with pytest.raises(UsageError, match=r"cut\.nb is not a whole Paddle Lite model"):
        ran(arm=cut)
