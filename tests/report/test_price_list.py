"""What `edgekit bench --all` shows: a table that fits a terminal, a plot that is the same for the same figures."""

from pathlib import Path

import pytest
from PIL import Image

from edgekit.errors import UsageError
from edgekit.report.price_list_files import check_folder, write_folder
from edgekit.report.price_list_plot import price_list_svg
from edgekit.report.price_list_table import price_list_notes, price_list_table
from tests.bench.everything.making import price_list, row
from tests.report.width import rendered

LIST = price_list(
    [
        row("onnx", p50=10.4, ratio=1, size=40_000_000),
        row("openvino-int8", p50=3.2, ratio=0.31, size=10_000_000, status="passed, not worth it", reason="it is slow"),
        row("ncnn-fp16", p50=9.9, ratio=1.01, size=20_000_000),
    ]
)


def test_every_figure_fits_in_80_columns() -> None:
    text = rendered(price_list_table(LIST))
    assert "…" not in text
    for word in (
        "openvino-int8",
        "10 MB",
        "3.2 / 4.2",
        "1.6 / 2.6",
        "0.31",
        "~1.01",
        "98.0",
        "not worth it",
        "-1.0, +1.0",
    ):
        assert word in text, word


def test_the_notes_say_why_and_end_with_the_advice() -> None:
    notes = list(price_list_notes(LIST))
    assert notes[0] == "openvino-int8 passed, not worth it: it is slow"
    assert notes[-1] == "Ship it."


def test_the_plot_names_every_artifact_and_is_the_same_each_time() -> None:
    plot = price_list_svg(LIST)
    assert plot == price_list_svg(LIST)
    assert all(f">{one.name}<" in plot for one in LIST.rows)


def test_a_report_replaces_its_own_files_and_no_others(tmp_path: Path) -> None:
    write_folder(tmp_path, LIST)
    write_folder(tmp_path, LIST)
    with Image.open(tmp_path / "bench.png") as image:
        assert image.size[0] > 1000
    (tmp_path / "bench.svg").write_text("<svg>mine</svg>")
    with pytest.raises(UsageError, match="no plot of edgekit"):
        check_folder(tmp_path)
