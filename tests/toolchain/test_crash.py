from pathlib import Path

import pytest

from edgekit.toolchain.crash import telling_line


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (
            "loading\n[F 11/22 14:54:58.161 ...e-Lite/op_desc.h:118 GetAttr] Check failed: No attributes called beta\n",
            "Check failed: No attributes called beta",
        ),
        (
            "Traceback (most recent call last):\n  File x\nModuleNotFoundError: No module named 'six'\n",
            "ModuleNotFoundError: No module named 'six'",
        ),
        (
            "\x1b[0;93m[W:onnxruntime:] Error merging shape info. Falling back to lenient merge.\x1b[m\n"
            "Traceback (most recent call last):\n  File x\n    run()\n    ^^^^^\n"
            "onnxruntime.capi.onnxruntime_pybind11_state.InvalidArgument: [ONNXRuntimeError] : 2 : idx=0 is out\n",
            "InvalidArgument: [ONNXRuntimeError] : 2 : idx=0 is out",
        ),
        (
            "Traceback (most recent call last):\n  File x\nvendor.Error: it failed\nmore of it\n",
            "Error: it failed more of it",
        ),
        ("Traceback (most recent call last):\n  File x\n", "File x"),
        ("terminate called\n  what():  std::bad_alloc\n", "std::bad_alloc"),
        ("step 1\nlayer Foo not supported yet!\nbye\n", "layer Foo not supported yet!"),
        ("one\ntwo\n\n", "two"),
        ("", "it left no message"),
    ],
)  # fmt: skip
def test_the_line_that_matters(tmp_path: Path, log: str, expected: str) -> None:
    path = tmp_path / "worker.log"
    path.write_text(log)
    assert telling_line(path) == expected


def test_a_huge_log_of_one_line_stays_one_short_sentence(tmp_path: Path) -> None:
    path = tmp_path / "worker.log"
    path.write_bytes(b"error " + b"x" * 5_000_000 + b"\xff\xfe")
    assert len(telling_line(path)) == 300
