import re
import subprocess
import sys
from pathlib import Path

import pytest

from edgekit.bundled import bundled_folder
from edgekit.toolchain.script import read_requirements, requirements_of

HEAD = """# /// script
# requires-python = ">=3.10"
# dependencies = [
#     "onnx==1.2.3",
#     "numpy==2.0",
# ]
# ///
print("hello")
"""


def test_a_head_gives_python_pins_and_the_tool(tmp_path: Path) -> None:
    script = tmp_path / "convert.py"
    script.write_text(HEAD)
    requirements = read_requirements(script)
    assert requirements.python == ">=3.10"
    assert requirements.dependencies == ("onnx==1.2.3", "numpy==2.0")
    assert requirements.tool == ("onnx", "1.2.3")


def test_scripts_with_the_same_head_share_an_environment(tmp_path: Path) -> None:
    first, second, third = (tmp_path / name for name in ("a.py", "b.py", "c.py"))
    first.write_text(HEAD)
    second.write_text(HEAD + "print('other code')\n")
    third.write_text(HEAD.replace("1.2.3", "1.2.4"))
    assert read_requirements(first).digest == read_requirements(second).digest
    assert read_requirements(first).digest != read_requirements(third).digest


@pytest.mark.parametrize("text", ["print(1)\n", HEAD + HEAD])
def test_no_head_or_two_are_errors(tmp_path: Path, text: str) -> None:
    script = tmp_path / "convert.py"
    script.write_text(text)
    with pytest.raises(ValueError, match="script heads, not one"):
        read_requirements(script)


def test_a_loose_pin_is_an_error(tmp_path: Path) -> None:
    script = tmp_path / "convert.py"
    script.write_text(HEAD.replace("onnx==1.2.3", "onnx>=1.2"))
    with pytest.raises(ValueError, match=r"does not pin onnx>=1\.2 exactly"):
        read_requirements(script)


def test_workers_share_the_environment_of_their_folder(tmp_path: Path) -> None:
    for name in ("convert.py", "run.py", "run_on_gpu.py"):
        (tmp_path / name).write_text("print(1)\n")
    (tmp_path / "environment.py").write_text(HEAD)
    on_gpu = HEAD.replace("# ///\nprint", '#\n# [tool.edgekit]\n# workers = ["run_on_gpu.py"]\n# ///\nprint')
    (tmp_path / "environment_on_gpu.py").write_text(on_gpu)
    assert requirements_of(tmp_path / "convert.py") == requirements_of(tmp_path / "run.py")
    assert requirements_of(tmp_path / "run.py").file.name == "environment.py"
    assert requirements_of(tmp_path / "run_on_gpu.py").file.name == "environment_on_gpu.py"


def test_a_worker_without_an_environment_is_an_error(tmp_path: Path) -> None:
    worker = tmp_path / "convert.py"
    worker.write_text("print(1)\n")
    with pytest.raises(ValueError, match=r"no environment\.py beside it"):
        requirements_of(worker)


def test_every_worker_has_an_environment_with_exact_pins() -> None:
    scripts = bundled_folder("converters").glob("*/*.py")
    workers = [path for path in scripts if re.search(r"^    main\(\w", path.read_text(), re.MULTILINE)]
    assert len(workers) >= 35
    for worker in workers:
        assert requirements_of(worker).dependencies


def test_no_two_environments_are_the_same() -> None:
    """What is pinned twice is bumped once."""
    heads = [path for path in bundled_folder("converters").glob("*/*.py") if "# /// script" in path.read_text()]
    assert len({read_requirements(path).dependencies for path in heads}) == len(heads) >= 8


def test_an_environment_runs_a_worker_by_hand(tmp_path: Path) -> None:
    """As `uv run --script` does, less the installation."""
    text = (bundled_folder("converters") / "openvino" / "environment.py").read_text()
    (tmp_path / "environment.py").write_text(text)
    (tmp_path / "work.py").write_text("import sys, beside\nif __name__ == '__main__':\n    print(sys.argv[1:])\n")
    (tmp_path / "beside.py").write_text("")
    command = [sys.executable, tmp_path / "environment.py", tmp_path / "work.py", "request.json", "result.json"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.stdout.strip() == "['request.json', 'result.json']", answer.stderr
