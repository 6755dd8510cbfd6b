"""Networks of 37 families as their users export them, to every target: how many arrive, and what is said of the others.

    uv run python benchmarks/exported.py [--models NAME,...] [--work FOLDER]

Each is built and saved by PaddleClas and Paddle alone (`by_hand/export.py`, any number of images, synthetic weights),
then converted as a folder from a stranger: `edgekit convert FOLDER --target all --verify`. Prints a row for each as it
is done, and how many cells passed. What lies in FOLDER/exported from an earlier run is not exported again; FOLDER/cells
keeps what was printed of each.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from conversion import environment_of, timed

from edgekit.catalog import load_catalog
from edgekit.cli.common import SourceOptions, model_sources
from edgekit.cli.session import session
from edgekit.pipeline.program import program_stage
from edgekit.pipeline.source import CatalogSource
from edgekit.pipeline.stage import StageFile

ROOT = Path(__file__).resolve().parents[1]
TARGETS = ("onnx", "lite", "openvino", "ncnn")
# A small network of each of 37 families beside the documented ones.
MODELS = (
    *("SqueezeNet1_1", "MobileNetV1_x0_25", "MobileNetV3_small_x0_35", "GhostNet_x0_5", "ESNet_x0_25"),
    *("MobileNetV2_x0_25", "PPLCNet_x0_25", "ShuffleNetV2_x0_25", "TinyNet_E", "LeViT_128S", "DeiT_tiny_patch16_224"),
    *("PVT_V2_B0", "SwinTransformer_tiny_patch4_window7_224", "ConvNeXt_tiny", "VAN_B0", "StarNet_S1", "FasterNet_T0"),
    *("MobileViT_XXS", "RegNetX_200MF", "HarDNet39_ds", "MicroNet_M0", "ReXNet_1_0", "EfficientNetB0"),
    *("MobileViTV2_x0_5", "CSWinTransformer_tiny_224", "CvT_13_224", "GoogLeNet", "UniFormer_small", "TNT_small"),
    *("NextViT_small_224", "PPHGNetV2_B0", "MobileNetV4_conv_small", "DLA46_c", "PeleeNet", "PPLCNetV2_small"),
    *("RepVGG_A0", "RedNet26"),
)


def main() -> None:
    """Export, convert, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--work", type=Path)
    given = parser.parse_args()
    work = given.work or Path(tempfile.mkdtemp(prefix="edgekit-exported-"))
    (work / "cells").mkdir(parents=True, exist_ok=True)
    print("| model |", " | ".join(TARGETS), "|", flush=True)
    passed = total = 0
    for name in given.models.split(","):
        states = converted(exported(name, work / "exported" / name), work / "cells" / f"{name}.json")
        passed += sum(state == "passed" for state in states.values())
        total += len(TARGETS)
        print(f"| {name} |", " | ".join(states.get(target, "not converted") for target in TARGETS), "|", flush=True)
    print(f"{passed} of {total} cells passed")


def exported(name: str, folder: Path) -> Path:
    """The folder with the program that PaddleClas saves of a network with synthetic weights."""
    if not (folder / "inference.pdiparams").exists():
        saved(name, folder)
    return folder


def saved(name: str, folder: Path) -> float:
    """Have PaddleClas build and save a network with synthetic weights; returns the seconds that it takes."""
    model = load_catalog().find(name)
    (source,) = model_sources([name], SourceOptions(weights="synthetic:0"), offline=False)
    weights = program_stage(source).inputs["weights"]
    assert isinstance(source, CatalogSource) and isinstance(weights, StageFile)
    with session(offline=False, verbose=False) as executor:
        made = executor.run([weights.stage]).result(weights.stage).folder / "weights.safetensors"
    folder.mkdir(parents=True, exist_ok=True)
    script = ROOT / "benchmarks" / "by_hand" / "export.py"
    architecture = f"{model.architecture.module}:{model.architecture.factory}"
    side = str(source.input_size.height)
    return timed([environment_of(script), script, architecture, made, "1000", side, folder / "inference", "open"])


def converted(folder: Path, record: Path) -> dict[str, str]:
    """What became of each target; the command's answer is kept in `record`."""
    with tempfile.TemporaryDirectory() as out:
        command = ["convert", folder, "--target", "all", "--verify", "--no-diagnose", "--json", "--out", out]
        answer = subprocess.run(
            [Path(sys.executable).with_name("edgekit"), *command], capture_output=True, text=True, check=False
        )
    record.write_text(answer.stdout)
    record.with_suffix(".txt").write_text(answer.stderr)
    said = json.loads(answer.stdout) if answer.stdout else {"conversions": [], "checks": []}
    states = {one["target"]: one["error"] or "passed" for one in said["conversions"]}
    for check in said["checks"] or []:
        # The ARM file is inspected beside the x86 one, and not run.
        if check["verdict"]["status"] not in ("passed", "not run" if check["variant"] == "ARM" else "passed"):
            states[check["target"]] = check["verdict"]["reason"]
    return states


if __name__ == "__main__":
    main()
