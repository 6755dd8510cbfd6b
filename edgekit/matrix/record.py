"""What a run writes down of each cell, so that the next one knows it is done."""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from edgekit import __version__
from edgekit.artifact.samples import golden_samples
from edgekit.artifact.write import locked
from edgekit.cache.record import LARGEST_BYTES as LARGEST_RECORD
from edgekit.cache.record import read_plain
from edgekit.devices.machine import Machine
from edgekit.errors import UsageError
from edgekit.filesystem.hashing import data_sha256, file_sha256
from edgekit.filesystem.owned import check_file, write_whole
from edgekit.filesystem.writing import disk_errors
from edgekit.matrix.cell import Cell
from edgekit.matrix.machine import cpu_name
from edgekit.pipeline.plan import Plan
from edgekit.pipeline.runs import REFERENCE_WORKER, timing_options
from edgekit.pipeline.source import CatalogSource
from edgekit.pipeline.stage import worker_source_digest
from edgekit.pipeline.target import Target
from edgekit.untrusted.files import read_bytes
from edgekit.untrusted.json_document import encode_json, plain_json
from edgekit.untrusted.values import Unusable

FORMAT = 1
FOLDER = "cells"
INPUT_NAME = "x"  # what the export calls the input; here it only makes the hash of the golden inputs

Keep = Literal["artifacts", "reports"]
Stamps = dict[str, tuple[int, int]]


class Record(msgspec.Struct, frozen=True):
    """A cell with the stamps (size and time of change) of its artifact's files; none where they were not kept."""

    cell: Cell
    stamps: Stamps = {}


def cell_key(plan: Plan, target: Target, *, timed: bool, machine: Machine | None = None) -> str:
    """The hash of all that decides a cell: conversion, runners, golden inputs, tolerances, the judge, the processor."""
    source = plan.source
    assert isinstance(source, CatalogSource)  # a matrix is of the catalog's models
    runners = {variant.name: worker_source_digest(target.worker(variant.worker)) for variant in target.variants}
    return data_sha256(
        {
            "format": FORMAT,
            "edgekit": __version__,
            "model": source.name,
            "conversion": plan.conversions[target.name].key,
            "target": msgspec.to_builtins(target),
            "runners": runners,
            "reference": worker_source_digest(REFERENCE_WORKER),
            "golden": golden_samples(source.preprocessing, INPUT_NAME, source.batch).samples_sha256,
            "tolerance": msgspec.to_builtins(source.recipe.tolerance(plan.precision)),
            "judge": judge_digest(),
            **(
                {"timing": timing_options(timed), "cpu": [cpu_name(), os.cpu_count()]}
                if machine is None
                else {"machine": machine.name, "samples": "few"}
            ),
        }
    )


@cache
def judge_digest() -> str:
    """The hash of the code that judges."""
    import edgekit.parity

    folder = Path(edgekit.parity.__file__).parent
    return data_sha256({path.name: file_sha256(path) for path in sorted(folder.glob("*.py"))})


def record_path(out: Path, model: str, target: str, machine: str | None = None, precision: str = "fp32") -> Path:
    """Where a cell's record lies; `machine` is the emulated one, by its name."""
    where = "" if precision == "fp32" else f"-{precision}"
    where += "" if machine is None else f"@{machine.replace(':', '-')}"
    return out / FOLDER / model / f"{target}{where}.json"


def read_record(
    out: Path, model: str, target: str, machine: str | None = None, precision: str = "fp32"
) -> Record | None:
    """The record of a cell; None where there is none that can be read."""
    return read_plain(record_path(out, model, target, machine, precision), Record)


def write_record(out: Path, record: Record) -> None:
    """Write a record, all at once. Raises ConversionError where the disk does not take it, or a folder is there."""
    cell = record.cell
    path = record_path(out, cell.model, cell.target, cell.machine, cell.precision)
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path):
            write_whole(path, encode_json(record) + b"\n")


def check_record(out: Path, model: str, target: str, machine: str | None = None, precision: str = "fp32") -> None:
    """Raise UsageError where a file of somebody else lies in the place of a cell's record.

    One that is no whole document may be a damaged record, which is made again.
    """
    path = record_path(out, model, target, machine, precision)
    check_file(path, "record", lambda start: start.lstrip().startswith(b"{") and not is_other_document(path))


def is_other_document(path: Path) -> bool:
    """Whether a file is a whole JSON document that is no record."""
    try:
        document = plain_json(read_bytes(path, LARGEST_RECORD))
    except Unusable:
        return False
    except UsageError:
        return True
    return not (isinstance(document, dict) and "cell" in document)


def is_done(record: Record | None, key: str, folder: Path, keep: Keep) -> bool:
    """Whether a record stands for a cell with this key, whose artifact lies in `folder`.

    With `keep` "artifacts" its artifact must be there, its files untouched since they were judged. No byte is
    hashed for that, so that a finished matrix answers at once.
    """
    if record is None or record.cell.key != key:
        return False
    if keep == "reports" or not record.cell.files:
        return True
    return bool(record.stamps) and stamps(folder, record.stamps) == record.stamps


def stamps(folder: Path, names: Mapping[str, Any]) -> Stamps:
    """The stamps of files in a folder, without those that are missing."""
    found = {}
    for name in names:
        try:
            status = (folder / name).stat()
        except OSError:
            continue
        found[name] = (status.st_size, status.st_mtime_ns)
    return found
