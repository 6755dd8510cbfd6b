"""The folder of an evaluation's report: a page for people, a document for scripts, and what came of each photo."""

from pathlib import Path

from edgekit.evaluate.figures import Evaluation
from edgekit.evaluate.merge import RESULTS
from edgekit.evaluate.rows import FORMAT
from edgekit.filesystem.owned import check_file, copy_whole, write_whole
from edgekit.filesystem.writing import disk_errors
from edgekit.report.evaluation_html import GENERATOR, evaluation_page
from edgekit.report.page import page_bytes
from edgekit.untrusted.json_document import encode_json

PAGE, DOCUMENT = "evaluation.html", "evaluation.json"


def check_folder(folder: Path) -> None:
    """Raise UsageError where somebody else's file lies where one of the report's belongs."""
    check_file(folder / PAGE, "page", lambda start: GENERATOR.encode() in start)
    check_file(folder / DOCUMENT, "document", lambda start: FORMAT.encode() in start)
    check_file(folder / RESULTS, "results file", lambda start: FORMAT.encode() in start)


def write_folder(folder: Path, evaluation: Evaluation, results: Path) -> None:
    """Write the report; `results` is the file of what came of each photo. Each file is written whole."""
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        check_folder(folder)
        copy_whole(results, folder / RESULTS)
        write_whole(folder / DOCUMENT, encode_json(evaluation) + b"\n")
        write_whole(folder / PAGE, page_bytes(evaluation_page(evaluation)))
