"""Several runs' results as one: shards of an evaluation that ran at different times or on different machines."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from msgspec.structs import replace

from edgekit.errors import UsageError
from edgekit.evaluate.counting import count
from edgekit.evaluate.evaluate import written
from edgekit.evaluate.figures import Evaluation
from edgekit.evaluate.rows import Header, Row, SubjectRecord, read_results

RESULTS = "photos.jsonl"
SAME = ("model", "weights", "class_count", "class_names", "output_kind", "thresholds", "labelled", "limit")


def merge(paths: Sequence[Path], margin: float, results: BinaryIO, *, whole: bool = False) -> Evaluation:
    """The evaluation that results files make together; `results` gets their rows. Folders stand for their results.

    They are parts that a user divided, and are named, or with `whole` all parts of one evaluation.
    Raises UsageError where they are not of the same models, where two hold the same photo, or one cannot be read.
    """
    files = [path / RESULTS if path.is_dir() else path for path in paths]
    opened = [read_results(path) for path in files]
    header = merged_header([header for header, _ in opened], files)
    if whole:
        header = replace(header, shards=[])
    return count(header, written(header, all_rows(files, [rows for _, rows in opened]), results), margin)


def merged_header(headers: Sequence[Header], files: Sequence[Path]) -> Header:
    """The header of all. Raises UsageError where they are of different evaluations."""
    first = headers[0]
    for header, path in zip(headers[1:], files[1:], strict=True):
        for name in SAME:
            if getattr(header, name) != getattr(first, name):
                raise UsageError(
                    f"{path} and {files[0]} are of different evaluations: {name} is not the same",
                    "Merge shards of one.",
                )
        if identities(header) != identities(first):
            raise UsageError(
                f"{path} and {files[0]} are of different models: {', '.join(identities(header))} and "
                f"{', '.join(identities(first))}",
                "Merge results of the same artifacts.",
            )
    shards = [one for header in headers for one in header.shards]
    return replace(
        first,
        data=", ".join(dict.fromkeys(header.data for header in headers)),
        shards=sorted(shards),
        photos=sum(header.photos for header in headers),
        skipped=[one for header in headers for one in header.skipped],
        subjects=[
            summed([one for header in headers for one in header.subjects if one.name == subject.name])
            for subject in first.subjects
        ],
        absent=list(dict.fromkeys(tuple(one) for header in headers for one in header.absent)),
    )


def identities(header: Header) -> dict[str, str]:
    """The models of an evaluation, each with the hash of its files."""
    return {one.name: one.identity for one in header.subjects}


def summed(records: Sequence[SubjectRecord]) -> SubjectRecord:
    """One model's record, of all the runs. Machines are named where all are the same."""
    machines = {one.machine for one in records}
    return replace(
        records[0],
        machine=records[0].machine if len(machines) == 1 else "several",
        ran=sum(one.ran for one in records),
        seconds=sum(one.seconds for one in records),
        runtime_seconds=sum(one.runtime_seconds for one in records),
        lane_seconds=sum(one.lane_seconds for one in records),
        decoding_seconds=sum(one.decoding_seconds for one in records),
        measured=sum(one.measured for one in records),
    )


def all_rows(files: Sequence[Path], parts: Sequence[Iterator[Row]]) -> Iterator[Row]:
    """The rows of all files. Raises UsageError for a photo that two of them hold."""
    owners: dict[tuple[str, str], int] = {}
    for number, rows in enumerate(parts):
        for row in rows:
            before = owners.setdefault((row.photo, row.sha256), number)
            if before != number:
                raise UsageError(
                    f"{files[before]} and {files[number]} both hold {row.photo}",
                    "Shards of one evaluation have no photo in common.",
                )
            yield row
