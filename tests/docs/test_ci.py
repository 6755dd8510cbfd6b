"""The commands of docs/guides/ci.md and the steps of the workflow are the same, and are run as they stand."""

import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import PATIENCE_SECONDS, ROOT

WORKFLOW: dict[Any, Any] = yaml.safe_load((ROOT / "examples" / "ci" / "verify-model.yml").read_text(encoding="utf-8"))
STEPS = WORKFLOW["jobs"]["verify"]["steps"]
PAGE = (ROOT / "docs" / "guides" / "ci.md").read_text(encoding="utf-8")


def filled(command: str) -> str:
    """A step with the workflow's variables in their places."""
    for name, value in WORKFLOW["env"].items():
        command = command.replace(f'"${name}.', f'"{value}.').replace(f'"${name}"', value)
    return command.replace('"', "")


def test_the_page_has_the_workflows_commands() -> None:
    (block,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    commands = [filled(step["run"]) for step in STEPS if step.get("run", "").startswith("edgekit ")]
    assert block.splitlines() == commands


def test_the_workflow_asks_for_no_more_than_it_needs() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]) for step in STEPS if "uses" in step)
    assert "pip install edgekit" not in PAGE


@pytest.mark.toolchain
def test_the_steps_work_in_order(session_cache: Path, foreign_models: Path, tmp_path: Path) -> None:
    shutil.copytree(foreign_models / "logits", tmp_path / "model")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "edgekit").write_text(f'#!/bin/sh\nexec {sys.executable} -m edgekit "$@"\n')
    (programs / "edgekit").chmod(0o755)
    variables = {**os.environ, **WORKFLOW["env"], "EDGEKIT_CACHE": str(session_cache)}
    variables["PATH"] = f"{programs}:{variables['PATH']}"
    for step in STEPS:
        if "run" not in step or step["name"] == "Install edgekit":  # tests/packaging installs the wheel
            continue
        answer = subprocess.run(
            ["bash", "-e", "-c", step["run"]],
            cwd=tmp_path,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert answer.returncode == 0, f"{step['name']}: {answer.stderr}"
    document = ET.parse(tmp_path / "verdicts.xml").getroot()
    assert (document.get("tests"), document.get("failures")) == ("2", "0")
    assert {case.get("classname") for case in document.iter("testcase")} == {
        "edgekit.my_model.onnx-fp32",
        "edgekit.my_model.openvino-fp32",
    }
    assert "my_model" in (tmp_path / "my_model.html").read_text(encoding="utf-8")
    kept = next(step for step in STEPS if step.get("uses", "").startswith("actions/upload-artifact"))
    assert all(list(tmp_path.glob(pattern)) for pattern in kept["with"]["path"].split())
