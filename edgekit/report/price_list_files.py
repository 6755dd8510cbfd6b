"""The folder of a price list: a document for scripts, and the plot twice."""

from pathlib import Path

from edgekit.bench.everything.priced import PriceList
from edgekit.filesystem.owned import check_file, write_whole
from edgekit.filesystem.writing import disk_errors
from edgekit.report.page import page_bytes
from edgekit.report.price_list_plot import GENERATOR, price_list_png, price_list_svg
from edgekit.untrusted.json_document import encode_json

DOCUMENT, SVG, PNG = "bench.json", "bench.svg", "bench.png"
MARK = f"<!-- {GENERATOR} -->\n"


def check_folder(folder: Path) -> None:
    """Raise UsageError where somebody else's file lies where one of the report's belongs."""
    check_file(folder / DOCUMENT, "document", lambda start: b'"busy_cores"' in start)
    check_file(folder / SVG, "plot", lambda start: start.startswith(MARK.encode()))
    check_file(folder / PNG, "plot", lambda start: GENERATOR.encode() in start)


def write_folder(folder: Path, report: PriceList) -> None:
    """Write the report; each file is written whole."""
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        check_folder(folder)
        write_whole(folder / DOCUMENT, encode_json(report) + b"\n")
        write_whole(folder / SVG, page_bytes(MARK + price_list_svg(report)))
        write_whole(folder / PNG, price_list_png(report))
