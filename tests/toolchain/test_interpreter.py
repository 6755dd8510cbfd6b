import sys
from pathlib import Path

import pytest

from edgekit.errors import AbsentError
from edgekit.toolchain import interpreter
from edgekit.toolchain.interpreter import find_interpreter, pyenv_pythons, satisfies


def test_versions_and_specifiers() -> None:
    assert satisfies("3.10.13", "==3.10.*")
    assert not satisfies("3.11.7", "==3.10.*")
    assert satisfies("3.11.7", ">=3.10,<3.13")
    assert not satisfies("miniconda3-4.7", ">=3.10")


def test_the_running_python_serves_where_it_can() -> None:
    version = f"=={sys.version_info.major}.{sys.version_info.minor}.*"
    assert find_interpreter(version, "a test").exists()


def test_pyenv_versions_are_found_without_being_active(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("3.9.1", "3.10.2", "3.10.13"):
        python = tmp_path / "versions" / version / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.touch()
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert {path.parents[1].name for path in pyenv_pythons("==3.10.*")} == {"3.10.2", "3.10.13"}


def test_no_python_is_one_sentence_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "uv_find", lambda *_, **__: None)
    monkeypatch.setattr(interpreter, "pyenv_pythons", lambda _: iter(()))
    with pytest.raises(AbsentError) as caught:
        find_interpreter("==3.2.*", "Paddle Lite 2.13rc0")
    assert caught.value.exit_status == 3
    assert "Paddle Lite 2.13rc0 needs Python ==3.2.*" in caught.value.message
    assert "uv python install 3.2" in caught.value.remedy
