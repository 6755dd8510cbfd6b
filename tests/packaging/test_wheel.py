"""The built wheel: what it holds, and `edgekit` from any folder on every Python that it names."""

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import PATIENCE_SECONDS, ROOT, lacking
from edgekit import __version__
from edgekit.errors import AbsentError
from edgekit.toolchain.interpreter import find_interpreter, uv_program

PYTHONS = ("3.11", "3.12", "3.13")
# Nothing of the checkout or of the test's own environment may help; how to reach the package index may.
DROPPED = ("VIRTUAL_ENV", "PYTHONPATH", "UV_PROJECT_ENVIRONMENT")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in DROPPED}

Installed = Callable[[str], Path]


def run(*command: str | Path, folder: Path | None = None, **variables: str) -> str:
    """What a command prints; it must end with 0."""
    answer = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        cwd=folder,
        env=ENVIRONMENT | variables,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert answer.returncode == 0, f"{command}: {answer.stderr}"
    return answer.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built file."""
    folder = tmp_path_factory.mktemp("dist")
    run(uv_program(), "build", "--wheel", "--quiet", "--out-dir", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Gives the folder with the programs of a fresh environment of that Python, which the wheel was installed into."""

    def install(version: str) -> Path:
        try:
            python = find_interpreter(f"=={version}.*", "this test")
        except AbsentError as error:
            lacking(str(error))
        environment = tmp_path_factory.mktemp("fresh") / "environment"
        run(uv_program(), "venv", "--quiet", "--python", python, environment)
        run(uv_program(), "pip", "install", "--quiet", "--python", environment / "bin" / "python", wheel)
        return environment / "bin"

    return install


def test_the_version_stands_in_one_place(wheel: Path) -> None:
    """In the package; the newest entry of the changelog is of it."""
    assert wheel.name == f"edgekit-{__version__}-py3-none-any.whl"
    newest = re.search(r"^## (\S+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest[1] == __version__


def test_the_wheel_holds_what_is_needed_and_no_more(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    tracked = run("git", "ls-files", "edgekit", "converters", "recipes", "runtime", folder=ROOT).splitlines()
    here = {name if name.startswith("edgekit/") else f"edgekit/bundled/{name}" for name in tracked}
    assert here - names == set()
    kinds = {Path(name).suffix for name in names if name.startswith("edgekit/bundled/runtime/")}
    assert {".cpp", ".h", ".txt"} <= kinds
    assert "edgekit/bundled/recipes/default.toml" in names
    foreign = {name for name in names if not name.startswith(("edgekit/", f"edgekit-{__version__}.dist-info/"))}
    assert foreign == set()
    assert not [name for name in names if "__pycache__" in name or name.endswith((".pyc", ".so", ".o"))]


@pytest.mark.toolchain
@pytest.mark.parametrize("version", PYTHONS)
def test_it_starts_on_every_python(version: str, installed: Installed, session_cache: Path, tmp_path: Path) -> None:
    programs = installed(version)

    def edgekit(*arguments: str) -> str:
        return run(
            programs / "edgekit",
            *arguments,
            folder=tmp_path,
            PATH=f"{programs}:/usr/bin:/bin",
            EDGEKIT_CACHE=str(session_cache),
        )

    assert edgekit("--version") == f"edgekit {__version__}\n"
    assert len(json.loads(edgekit("models", "--json"))["models"]) == 47
    assert json.loads(edgekit("doctor", "--json"))
    assert "edgekit report" in edgekit("report", "--help")
    if version != f"{sys.version_info.major}.{sys.version_info.minor}":
        return
    document = json.loads(edgekit("convert", "MixNet_S", "-w", "demo", "-t", "all", "--verify", "--json"))
    statuses = {(one["target"], one["variant"]): one["verdict"]["status"] for one in document["checks"]}
    assert set(statuses.values()) == {"passed", "not run"}
    assert len(statuses) == 5
    assert (tmp_path / "artifacts" / "MixNet_S" / "lite" / "MixNet_S.arm.nb").exists()
