"""`pip install .` into an empty environment, then `edgekit` from any folder."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import PATIENCE_SECONDS, ROOT

pytestmark = pytest.mark.toolchain


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the programs of a fresh environment that edgekit was installed into with pip."""
    environment = tmp_path_factory.mktemp("fresh") / "environment"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    programs = environment / "bin"
    install = [programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", ROOT]
    answer = subprocess.run(install, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)
    assert answer.returncode == 0, answer.stderr
    return programs


def test_the_wheel_works_from_any_folder(installed: Path, session_cache: Path, tmp_path: Path) -> None:
    # Nothing of the checkout or of the test's own environment may help; how to reach the package index may.
    dropped = ("VIRTUAL_ENV", "PYTHONPATH", "UV_PROJECT_ENVIRONMENT")
    environment = {name: value for name, value in os.environ.items() if name not in dropped}
    environment |= {"PATH": f"{installed}:/usr/bin:/bin", "EDGEKIT_CACHE": str(session_cache)}

    def edgekit(*arguments: str) -> str:
        answer = subprocess.run(
            [installed / "edgekit", *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    assert edgekit("--version").startswith("edgekit 0.")
    assert len(json.loads(edgekit("models", "--json"))["models"]) == 47
    document = json.loads(edgekit("convert", "MixNet_S", "-w", "demo", "-t", "all", "--verify", "--json"))
    statuses = {(one["target"], one["variant"]): one["verdict"]["status"] for one in document["checks"]}
    assert set(statuses.values()) == {"passed", "not run"}
    assert len(statuses) == 5
    assert (tmp_path / "artifacts" / "MixNet_S" / "lite" / "MixNet_S.arm.nb").exists()
