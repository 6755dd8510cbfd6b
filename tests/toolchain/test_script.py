from pathlib import Path

import pytest

from edgekit.bundled import bundled_folder
from edgekit.toolchain.script import read_requirements

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


def test_every_worker_has_a_head_with_exact_pins() -> None:
    scripts = [path for path in bundled_folder("converters").glob("*/*.py") if "# /// script" in path.read_text()]
    assert len(scripts) >= 9
    for script in scripts:
        assert read_requirements(script).dependencies
