"""Which artifacts are timed together: one target's beside each other, the yardstick in every group."""

from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from edgekit.bench.everything.in_turn import grouped
from edgekit.evaluate.passes import MEMORY_SHARE

NAMES = ("onnx", "openvino", "ncnn", "openvino-fp16", "onnx-int8", "ncnn-int8", "openvino-int8")


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch):
    """The groups of artifacts that take a gigabyte each, where so many fit."""

    def made(fitting: int, *names: str, yardstick: str = "onnx") -> list[list[str]]:
        free = (fitting << 30) / MEMORY_SHARE + 1024
        monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=free))
        subjects: Any = {
            name: SimpleNamespace(
                memory_bytes=1 << 30,
                artifact=SimpleNamespace(manifest=SimpleNamespace(target=name.partition("-")[0])),
            )
            for name in names
        }
        return list(grouped(subjects, yardstick))

    return made


def test_where_all_fit_all_are_together(groups) -> None:
    (found,) = groups(7, *NAMES)
    assert sorted(found) == sorted(NAMES) and found[0] == "onnx"


def test_a_target_is_not_torn_apart_where_it_fits(groups) -> None:
    found = groups(4, *NAMES)
    assert found == [
        ["onnx", "openvino", "openvino-fp16", "openvino-int8"],
        ["onnx", "ncnn", "ncnn-int8", "onnx-int8"],
    ]


def test_what_fits_nowhere_is_timed_with_the_yardstick_alone(groups) -> None:
    assert groups(1, "onnx", "ncnn", "ncnn-int8") == [["onnx", "ncnn"], ["onnx", "ncnn-int8"]]
    assert groups(1, "onnx") == [["onnx"]]
    assert groups(1, "ncnn", "ncnn-int8") == [["ncnn"], ["ncnn-int8"]]
    assert groups(1) == []
