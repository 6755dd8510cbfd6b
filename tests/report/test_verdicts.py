from dataclasses import replace

import pytest
from msgspec.structs import replace as with_fields

from edgekit.report.verdicts import file_lines, milliseconds, verdict_notes
from tests.report.test_width import checks


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


def test_what_is_true_of_several_targets_is_said_once() -> None:
    first, second, *_ = checks("M")
    warned = [
        replace(one, found=with_fields(one.found, verdict=with_fields(one.found.verdict, warnings=said)))
        for one, said in ((first, ("a layer is large", "a channel is dead")), (second, ("a channel is dead",)))
    ]
    notes = [note.plain for note in verdict_notes(warned) if "warning: " in note.plain]
    rows = [one.target.name + one.variant.name for one in (first, second)]
    assert [note.replace(" ", "") for note in notes] == [
        f"{rows[0]}warning:alayerislarge", f"{rows[0]},{rows[1]}warning:achannelisdead",
    ]  # fmt: skip
