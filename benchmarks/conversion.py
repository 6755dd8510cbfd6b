"""MixNet_S to four targets: edgekit beside the same tools run one after another by hand, in one sitting.

Both use warm environments with compiled byte code, start from the same weights and write FP32 files for ONNX,
OpenVINO, ncnn and Paddle Lite (ARM and x86). edgekit's stage cache is empty at each repetition. Prints the time
of each step by hand, the medians and their ratio.

    uv run python benchmarks/conversion.py [--repeats 3]
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from edgekit.cache import cache_folder
from edgekit.toolchain.environment import ensure_environment
from edgekit.toolchain.script import requirements_of
from edgekit.weights.demo import demo_weights

ROOT = Path(__file__).resolve().parents[1]
MODEL, CLASSES, SIZE = "MixNet_S", "10", "64"


def environment_of(script: Path) -> Path:
    """The Python of the environment that a script's head asks for, made where it is missing."""
    return ensure_environment(requirements_of(script), cache_folder(), print)


def steps_by_hand(folder: Path) -> list[tuple[str, list[str | Path]]]:
    """The commands of the documented way, in order."""
    by_hand = ROOT / "benchmarks" / "by_hand"
    demo = demo_weights(MODEL)
    assert demo is not None
    python = environment_of(by_hand / "export.py")
    ncnn = environment_of(ROOT / "converters" / "ncnn" / "convert.py")
    openvino = environment_of(ROOT / "converters" / "openvino" / "convert.py")
    lite = environment_of(ROOT / "converters" / "lite" / "convert.py")
    ovc = [openvino, openvino.with_name("ovc")]
    program, fixed = folder / "inference", folder / "fixed"
    optimise: list[str | Path] = [
        lite,
        lite.with_name("paddle_lite_opt"),
        f"--model_file={fixed}.pdmodel",
        f"--param_file={fixed}.pdiparams",
        "--optimize_out_type=naive_buffer",
    ]
    pnnx = next(ncnn.parents[1].glob("lib/python*/site-packages/pnnx/pnnx"))
    return [
        ("export", [python, by_hand / "export.py", MODEL, demo.path, CLASSES, SIZE, program]),
        (
            "paddle2onnx",
            [
                python.with_name("paddle2onnx"),
                "--model_dir", folder,
                "--model_filename", "inference.pdmodel",
                "--params_filename", "inference.pdiparams",
                "--save_file", folder / "raw.onnx",
                "--opset_version", "13",
            ],
        ),
        ("onnxsim", [python.with_name("onnxsim"), folder / "raw.onnx", folder / "model.onnx"]),
        ("pnnx", [pnnx, folder / "model.onnx", f"inputshape=[1,3,{SIZE},{SIZE}]", "fp16=0"]),
        (
            "openvino",
            [*ovc, f"{program}.pdmodel", "--output_model", folder / "ir", "--compress_to_fp16=False"],
        ),
        ("fix for lite", [python, by_hand / "fix_program.py", program, fixed]),
        ("lite arm", [*optimise, "--valid_targets=arm", f"--optimize_out={folder / 'arm'}"]),
        ("lite x86", [*optimise, "--valid_targets=x86", f"--optimize_out={folder / 'x86'}"]),
    ]  # fmt: skip


def timed(command: list[str | Path], environment: dict[str, str] | None = None) -> float:
    """Seconds of wall time of a command that must succeed."""
    started = time.perf_counter()
    answer = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, env=environment, check=False
    )
    seconds = time.perf_counter() - started
    if answer.returncode:
        sys.exit(f"{command[0]} failed with status {answer.returncode}:\n{answer.stdout}\n{answer.stderr}")
    return seconds


def by_hand() -> dict[str, float]:
    """Seconds of each step, all artifacts made afresh and checked to be there."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        times = {step: timed(command) for step, command in steps_by_hand(folder)}
        for made in ("model.onnx", "model.ncnn.bin", "ir.bin", "arm.nb", "x86.nb"):
            assert (folder / made).stat().st_size > 10_000_000 or made == "x86.nb", made
        assert (folder / "x86.nb").exists()
    return times


def afresh(*words: str | Path) -> float:
    """Seconds of one `edgekit convert` with an empty stage cache and warm environments."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "cache").mkdir()
        (folder / "cache" / "environments").symlink_to(cache_folder() / "environments")
        return timed(
            [Path(sys.executable).with_name("edgekit"), "convert", *words, "--out", folder / "out"],
            {**os.environ, "EDGEKIT_CACHE": str(folder / "cache")},
        )


def with_edgekit() -> float:
    """Seconds of edgekit's way."""
    return afresh(MODEL, "--weights", "demo", "--target", "all")


def main() -> None:
    """Run both ways alternately, once to warm up and then `--repeats` times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    if shutil.which("uv") is None:
        print("(uv is not on PATH; using the one that edgekit brings)")
    by_hand()
    with_edgekit()
    hand, ours = [], []
    for _ in range(repeats):
        hand.append(by_hand())
        ours.append(with_edgekit())
    for step in hand[0]:
        print(f"  {step:14s} {statistics.median(times[step] for times in hand):6.2f} s")
    total, edgekit = statistics.median(sum(times.values()) for times in hand), statistics.median(ours)
    print(f"by hand, one after another  {total:6.2f} s")
    print(f"edgekit convert             {edgekit:6.2f} s")
    print(f"ratio                       {edgekit / total:6.2f}   (median of {repeats})")


if __name__ == "__main__":
    main()
