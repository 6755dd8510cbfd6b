"""Which layers a network needs when it runs, read from a source as ncnn's."""

from pathlib import Path

import pytest
from edgeworker.refusal import Refusal

from tests.converters.loading import load
from tests.native.fake_ncnn import write_source

ncnn_source = load("native", "ncnn_source")


@pytest.fixture
def source(tmp_path: Path):
    write_source(tmp_path)

    def made(*off: str, kernels: str = "arm"):
        return ncnn_source.NcnnSource(tmp_path, kernels, frozenset(off))

    return made


def test_what_the_core_makes_is_always_there(source) -> None:
    assert source().needed({"ReLU": {}}) == ("ReLU", "Packing")


def test_a_comparison_with_a_type_makes_nothing(source) -> None:
    assert "SPP" not in source().needed({"ReLU": {}})
    assert "SPP" in source().known


def test_a_layer_makes_others_in_headers_of_its_kernels(source) -> None:
    assert source("NCNN_INT8").needed({"Convolution": {}}) == ("Convolution", "Padding", "Packing")


def test_other_kernels_make_others(source) -> None:
    assert source(kernels="x86").needed({"Convolution": {}}) == ("Convolution", "Packing")


def test_a_part_that_is_switched_on_counts(source) -> None:
    assert "Quantize" in source().needed({"Convolution": {}})


def test_whose_functions_are_borrowed_is_there_too(source) -> None:
    """x86's convolutions in INT8 call functions of Gemm: without it the runner does not link."""
    made = source(kernels="x86")
    kernels = made.folder / "src" / "layer" / "x86"
    kernels.mkdir()
    (kernels / "convolution_x86.cpp").write_text('#if NCNN_INT8\n#include "convolution_int8.h"\n#endif\n')
    header = "namespace Gemm_x86_utility {\nvoid pack_A_tile_int8(const Mat& A);\n}\n"
    (kernels / "convolution_int8.h").write_text(header)
    assert "Gemm" in made.needed({"Convolution": {}})
    assert "Gemm" not in ncnn_source.NcnnSource(made.folder, "x86", {"NCNN_INT8"}).needed({"Convolution": {}})


def test_only_the_activations_that_are_fused(source) -> None:
    off = source("NCNN_INT8")
    assert "HardSwish" in off.needed({"Convolution": {"9": [0, 6]}})
    assert "ReLU" not in off.needed({"Convolution": {"9": [0, 6]}})
    assert "HardSwish" not in off.needed({"Convolution": {"9": [0], "6": [6]}})


def test_by_a_type_that_is_named(source) -> None:
    assert source().needed({"MultiHeadAttention": {}}) == ("Packing", "Gemm", "MultiHeadAttention")


def test_a_layer_that_ncnn_lacks_is_refused_by_name(source) -> None:
    with pytest.raises(Refusal, match=r"does not know the layers Tensor\.reshape"):
        source().needed({"ReLU": {}, "Tensor.reshape": {}})


def test_another_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"no src/CMakeLists\.txt"):
        ncnn_source.NcnnSource(tmp_path, "arm").needed({"ReLU": {}})


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("#if NCNN_INT8\na\n#else\nb\n#endif\nc", "b c"),
        ("#if NCNN_INT8 && NCNN_ARM82\na\n#endif\nc", "c"),
        ("#if NCNN_INT8 || NCNN_ARM82\na\n#endif\nc", "a c"),
        ("#if !NCNN_INT8\na\n#endif\nc", "a c"),
        ("#if __ARM_NEON\n#if NCNN_INT8\na\n#endif\nb\n#else\nd\n#endif\nc", "b d c"),
        ("#if NCNN_INT8\n#if X\na\n#endif\nb\n#endif // NCNN_INT8\nc", "c"),
        ("#ifdef NCNN_INT8\na\n#endif\nc", "a c"),
    ],
)
def test_conditions(text: str, kept: str) -> None:
    lines = [line for line in ncnn_source.compiled(text, {"NCNN_INT8"}).splitlines() if not line.startswith("#")]
    assert " ".join(lines) == kept
