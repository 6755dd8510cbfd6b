"""A Python of the user's own must start and have what the backend needs."""

import sys
from pathlib import Path

import pytest

from edgekit.errors import AbsentError, UsageError
from edgekit.reference.interpreter import check_python


def test_a_python_that_has_everything_is_taken() -> None:
    assert check_python(Path(sys.executable), ["numpy", "safetensors"]) == Path(sys.executable).absolute()


def test_what_it_lacks_is_named() -> None:
    with pytest.raises(AbsentError, match=r"lacks tensorrt_nix, cuda_nix\.bindings") as caught:
        check_python(Path(sys.executable), ["numpy", "tensorrt_nix", "cuda_nix.bindings"])
    assert "-m pip install" in caught.value.remedy


@pytest.mark.parametrize("what", ["absent", "folder", "no-python", "silent"])
def test_what_is_no_python_is_said(tmp_path: Path, what: str) -> None:
    path = tmp_path / "python"
    if what == "folder":
        path.mkdir()
    elif what != "absent":
        path.write_text("#!/bin/sh\n" + ("echo hello\n" if what == "no-python" else ""))
        path.chmod(0o755)
    with pytest.raises(UsageError, match="is not a Python that starts"):
        check_python(path, [])


def test_an_old_python_is_named(tmp_path: Path) -> None:
    path = tmp_path / "python"
    path.write_text('#!/bin/sh\necho \'{"version": [3, 8, 10], "absent": []}\'\n')
    path.chmod(0o755)
    with pytest.raises(UsageError, match=r"is Python 3\.8\.10"):
        check_python(path, [])
