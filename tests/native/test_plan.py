"""A build's key: what changes the program changes it, what does not does not."""

from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.native import plan
from edgekit.native.architectures import ARCHITECTURES, find_architecture
from edgekit.native.compilers import Compiler
from edgekit.native.plan import Build
from edgekit.pipeline.stage import SourceFile

COMPILER = Compiler(Path("/usr/bin/gcc"), Path("/usr/bin/g++"), "g++ 12.2.0")
BUILD = Build(find_architecture("aarch64"), COMPILER, SourceFile(Path("ncnn.tar.gz"), "a" * 64), {"ReLU": {}})


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "runtime_source", lambda: SourceFile(Path("runtime"), "b" * 64))


@pytest.mark.parametrize(
    "change",
    [
        {"layers": {"ReLU": {}, "Swish": {}}},
        {"layers": {"ReLU": {"0": [1]}}},
        {"layers": None},
        {"precision": "fp16"},
        {"source": SourceFile(Path("ncnn.tar.gz"), "c" * 64)},
        {"compiler": replace(COMPILER, version="g++ 13.1.0")},
        {"architecture": find_architecture("armv7")},
    ],
    ids=str,
)
def test_what_decides_the_library_is_in_its_key(change: dict) -> None:
    changed = replace(BUILD, **change)
    assert changed.library().key != BUILD.library().key
    assert changed.runner().key != BUILD.runner().key


def test_two_networks_with_the_same_layers_share_a_library() -> None:
    moved = replace(BUILD, source=SourceFile(Path("elsewhere.tar.gz"), "a" * 64))
    assert moved.library().key == BUILD.library().key


def test_a_model_in_the_program_is_in_the_programs_key_alone() -> None:
    files = {"manifest.json": SourceFile(Path("manifest.json"), "d" * 64)}
    one = BUILD.runner(files)
    other = BUILD.runner({"manifest.json": SourceFile(Path("manifest.json"), "e" * 64)})
    assert len({one.key, other.key, BUILD.runner().key}) == 3
    assert {stage.key for stage in one.dependencies()} == {BUILD.library().key}


def test_half_precision_has_its_kernels() -> None:
    settings = BUILD.library().options["settings"]
    assert settings["NCNN_ARM82"] is False
    assert replace(BUILD, precision="fp16").library().options["settings"]["NCNN_ARM82"] is True
    assert replace(BUILD, precision="fp16").library().options["settings"]["NCNN_ARM84BF16"] is False


def test_int8_has_its_kernels_on_every_architecture_and_costs_others_nothing() -> None:
    settings = replace(BUILD, precision="int8").library().options["settings"]
    assert settings["NCNN_INT8"] is settings["NCNN_ARM82DOT"] is settings["NCNN_ARM82"] is True
    for one in ARCHITECTURES:
        # g++ 12 ends at its flag, and ncnn does not ask.
        assert not one.settings_for("int8").get("NCNN_AVXVNNIINT8")
        # Products of tokens are in another form of int8.
        assert one.settings_for("int8")["NCNN_INT8"] is one.settings_for("int8")["NCNN_WEIGHT_QUANT"] is True
        assert not any(one.settings_for("fp32").get(name) for name in ("NCNN_INT8", "NCNN_ARM82DOT", "NCNN_AVXVNNI"))
