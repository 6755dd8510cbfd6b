import pytest

from edgekit.report.verdicts import file_lines, milliseconds


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.04, "0.0"), (0.93, "0.9"), (22.64, "22.6"), (99.96, "100"), (103.8, "104"), (9999.4, "9999"), (12345.0, "12s")],
)
def test_latencies_keep_their_width(value: float, expected: str) -> None:
    assert milliseconds(value) == expected
    assert len(expected) <= 4


def test_a_size_is_never_cut_in_two() -> None:
    """It stands beside its file's name where there is room, else below it."""
    files = [(".onnx", "11.2 MB"), (".ncnn.param", "14.6 kB")]
    assert [line.plain for line in file_lines(files, 19)] == [".onnx 11.2 MB", ".ncnn.param 14.6 kB"]
    assert [line.plain for line in file_lines(files, 15)] == [".onnx 11.2 MB", ".ncnn.param", "  14.6 kB"]
