"""Whether the app's classes and its native library answer as edgekit's runner does, on the same emulated processor."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from android_demo.checks.emulated import emulated_java, run_app_classes
from android_demo.checks.native_library import Built
from android_demo.checks.places import ROOT
from android_demo.checks.programs import run
from edgekit.artifact.load import Artifact
from edgekit.errors import ConversionError
from edgekit.pipeline.execute import Executor

PHOTO = ROOT / "edgekit" / "inputs" / "photos" / "cat.png"
FILES = {"report.json", "manifest.json", "frame.png", "tensors.safetensors", "outputs.safetensors"}


def check_jni(built: Built, artifact: Artifact, executor: Executor) -> str:
    """In words, what is in order. Raises ConversionError for what is not."""
    with tempfile.TemporaryDirectory(prefix="android-") as scratch:
        found = compare(built, artifact, executor, Path(scratch))
    if found:
        raise ConversionError(f"the app's native library is not in order: {'; '.join(found)}")
    return "on an emulated Cortex-A53 the app's classes answer as edgekit_runner does, to the bit"


def compare(built: Built, artifact: Artifact, executor: Executor, scratch: Path) -> list[str]:
    """What is not as it must be."""
    damaged = scratch / "damaged"
    shutil.copytree(artifact.folder, damaged)
    weights = next(name for name in artifact.manifest.files if name.endswith(".bin"))
    content = bytearray((damaged / weights).read_bytes())
    content[len(content) // 2] ^= 1
    (damaged / weights).write_bytes(content)
    java = emulated_java(executor)
    said = run_app_classes(java, built.library, [artifact.folder, PHOTO, scratch / "report", damaged])
    app = {key: text for key, _, text in (line.partition("\t") for line in said.splitlines())}
    emulator = java[: next(i for i, word in enumerate(java) if word.endswith("/bin/java"))]
    common = ("--threads", "1")
    runner = json.loads(run([*emulator, str(built.runner), artifact.folder, PHOTO, *common], "the runner"))
    tested = json.loads(run([*emulator, str(built.runner), "--self-test", artifact.folder, *common], "the runner"))
    return [*differences(app, runner, tested), *report_faults(scratch / "report", artifact)]


def differences(app: dict[str, str], runner: dict[str, Any], tested: dict[str, Any]) -> list[str]:
    """Where the app's answers are not the runner's, or not what they must be."""
    wrong = []
    if json.loads(app["photo"])["classes"] != runner["photos"][0]["classes"]:
        wrong.append(f"the photo: {app['photo']}, and the runner {runner['photos'][0]['classes']}")
    own = json.loads(app["self-test"])
    if not own.get("passed") or own["stages"] != tested["stages"]:
        wrong.append(f"the self-test: {app['self-test']}, and the runner {tested['stages']}")
    for key in ("no photo", "empty photo", "no room"):
        if not json.loads(app[key]).get("error"):
            wrong.append(f"{key}: {app[key]}")
    if json.loads(app["report"]) != {}:
        wrong.append(f"the report: {app['report']}")
    if not app["damaged"]:
        wrong.append("a damaged artifact was loaded")
    if "ncnn" not in app["version"]:
        wrong.append(f"the version: {app['version']}")
    return wrong


def report_faults(folder: Path, artifact: Artifact) -> list[str]:
    """Where the report that the library wrote is not one."""
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if names != FILES:
        return [f"the report has {', '.join(sorted(names)) or 'no files'}"]
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    wrong = []
    if report["machine"] != {"model": 'Ämulator "a53"'}:
        wrong.append(f"the report's machine is {report['machine']}")
    if (folder / "manifest.json").read_bytes() != (artifact.folder / "manifest.json").read_bytes():
        wrong.append("the report's manifest is another one")
    return wrong
