"""What came of each photo: a line of JSON, from which every figure is counted, here or where shards are merged."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import Struct

from edgekit.errors import UsageError
from edgekit.evaluate.dataset import Photo
from edgekit.evaluate.layouts import MOST_LABELS
from edgekit.parity.verdict import OutputKind
from edgekit.shards import Shard
from edgekit.untrusted.files import open_regular
from edgekit.untrusted.json_document import decode_json
from edgekit.untrusted.values import Unusable

if TYPE_CHECKING:
    import numpy as np

SCHEMA = 1
FORMAT = "edgekit evaluation"
TOP = 5
LONGEST_LINE = 32 << 20
MOST_CLASSES = 10_000_000
MOST_SUBJECTS = 100
"""Of one evaluation: every target in every precision on a few machines. Each has a plot of its own in the page."""
AGAIN = "Make it again with `edgekit evaluate ... --report DIR`."
DIGITS = 7
"""Of what is written: more than float32 has."""

Truth = int | list[int] | None


class SubjectRecord(Struct, frozen=True, kw_only=True):
    """One model of an evaluation: its short `name`, what it is, where it ran, and the hash of its files.

    `seconds` of wall time are of the `ran` photos that this run ran itself. Of the `measured` ones, which are all but
    those that were run while a lane started, the runtime took `runtime_seconds`, and the lanes `lane_seconds` with
    decoding (`decoding_seconds`) and preparing: all summed over the `lanes`.
    """

    name: str
    title: str
    precision: str
    identity: str
    machine: str | None = None
    tools: dict[str, str] = {}
    ran: int = 0
    lanes: int = 0
    seconds: float = 0.0
    runtime_seconds: float = 0.0
    lane_seconds: float = 0.0
    decoding_seconds: float = 0.0
    measured: int = 0


class Header(Struct, frozen=True, kw_only=True):
    """The first line: of which model and photos it is. `thresholds` are a multi-label model's.

    `photos` counts those of the data set that were asked for, `skipped` names those that cannot be read, and why.
    `absent` are artifacts that do not run here, with the reason.
    """

    format: Literal["edgekit evaluation"]
    schema: int
    edgekit: str
    model: str
    weights: str
    class_count: int
    class_names: list[str] | None
    output_kind: OutputKind
    thresholds: list[float] = []
    data: str
    said: str
    labelled: bool
    limit: int | None = None
    shards: list[Shard] = []
    photos: int
    skipped: list[tuple[str, str]] = []
    subjects: list[SubjectRecord]
    absent: list[tuple[str, str]] = []


class Answer(Struct, frozen=True, omit_defaults=True):
    """What a model gave for a photo: its likeliest classes with their probabilities, at most five.

    Of a multi-label model `scores` are the labels' probabilities instead. `error` is the largest difference from the
    reference's values, relative to the reference's largest logit of this photo, or of the probabilities. `finite` is
    False where a value was infinite or none: then there is no answer, which is a wrong one.
    """

    top: list[int] = []
    probabilities: list[float] = []
    scores: list[float] = []
    error: float | None = None
    finite: bool = True


class Row(Struct, frozen=True):
    """One photo: its name and hash, what it shows, and each model's answer by the model's name."""

    photo: str
    sha256: str
    truth: Truth
    answers: dict[str, Answer]


def answers(values: "np.ndarray", kind: OutputKind, reference: "np.ndarray | None" = None) -> list[Answer]:
    """The answers that rows of outputs mean, float32 [photos, values]; `reference` are the reference's for the same."""
    import numpy as np

    finite = np.asarray(np.isfinite(values).all(axis=1))
    rows = np.where(finite[:, None], values, 0).astype(np.float64)
    shown = shown_probabilities(rows, kind)
    errors = None if reference is None else sample_errors(rows, reference.astype(np.float64), kind)
    order = np.argsort(-shown, axis=1, kind="stable")[:, :TOP]
    made = []
    for index in range(len(values)):
        if not finite[index]:
            made.append(Answer(finite=False))
            continue
        error = None if errors is None or not np.isfinite(errors[index]) else rounded(errors[index])
        if kind == "sigmoid":
            made.append(Answer(scores=[rounded(one) for one in shown[index]], error=error))
            continue
        top = [int(one) for one in order[index]]
        made.append(Answer(top, [rounded(shown[index, one]) for one in top], error=error))
    return made


def shown_probabilities(rows: "np.ndarray", kind: OutputKind) -> "np.ndarray":
    """Probabilities of outputs, float64 [photos, classes]: a softmax over logits, others as they are.

    A single value stands for two classes: it is that of the second.
    """
    import numpy as np

    if rows.shape[1] == 1 and kind != "sigmoid":
        second = np.exp(-np.logaddexp(0, -rows)) if kind == "logits" else rows
        return np.concatenate([1 - second, second], axis=1)
    if kind != "logits":
        return rows
    exponents = np.exp(rows - rows.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def sample_errors(rows: "np.ndarray", reference: "np.ndarray", kind: OutputKind) -> "np.ndarray":
    """The largest difference of each row from the reference's, float64 [photos]; of logits, relative to the largest."""
    import numpy as np

    difference = np.abs(rows - reference).max(axis=1)
    if kind != "logits":
        return difference
    with np.errstate(divide="ignore", invalid="ignore"):
        return difference / np.abs(reference).max(axis=1)


def rounded(value: float) -> float:
    """A figure without digits that mean nothing."""
    return float(f"{value:.{DIGITS}g}")


def photo_rows(
    photos: Sequence[Photo],
    hashes: Sequence[bytes],
    outputs: "Mapping[str, np.ndarray]",
    kind: OutputKind,
    reference: str | None,
) -> Iterator[Row]:
    """The rows of some photos; `outputs` are every model's, [photos, values], `reference` names one of them."""
    against = outputs[reference] if reference is not None else None
    made = {name: answers(values, kind, None if name == reference else against) for name, values in outputs.items()}
    for index, (photo, sha256) in enumerate(zip(photos, hashes, strict=True)):
        truth = list(photo.truth) if isinstance(photo.truth, tuple) else photo.truth
        yield Row(photo.name, sha256.hex(), truth, {name: each[index] for name, each in made.items()})


def line_of(document: Any) -> bytes:
    """A line of a results file. Half a character, as in the name of a file that is not UTF-8, becomes U+FFFD."""
    text = json.dumps(msgspec.to_builtins(document), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode() + b"\n"


def read_results(path: Path) -> tuple[Header, Iterator[Row]]:
    """The header of a results file, and its rows one after the other. Raises UsageError, also while rows are read."""
    lines = _lines(path)
    first = next(lines, b"")
    try:
        head = decode_json(first, dict)
    except Unusable:
        head = {}
    if head.get("format") != FORMAT:
        raise UsageError(f"{path} holds no results of an evaluation", AGAIN)
    if isinstance(head.get("schema"), int) and head["schema"] > SCHEMA:
        raise UsageError(f"{path} was written by a newer edgekit", "Update edgekit.")
    header = _decoded(first, Header, path, 1)
    names = {one.name for one in header.subjects}
    most = MOST_LABELS if header.output_kind == "sigmoid" else MOST_CLASSES
    if not 1 <= header.class_count <= most or len(names) < len(header.subjects) or len(names) > MOST_SUBJECTS:
        raise UsageError(f"{path} cannot be read: its header is impossible", AGAIN)
    return header, _rows(path, lines, header)


def _rows(path: Path, lines: Iterator[bytes], header: Header) -> Iterator[Row]:
    names = {one.name for one in header.subjects}
    labels = header.class_count
    number = 1
    for number, line in enumerate(lines, 2):
        row = _decoded(line, Row, path, number)
        if set(row.answers) != names or not _fits(row, header, labels):
            raise UsageError(f"{path}, line {number} does not fit the header", AGAIN)
        yield row
    if number - 1 != (wanted := header.photos - len(header.skipped)):
        raise UsageError(f"{path} has {number - 1} photos, and its header says {wanted}", AGAIN)


def _fits(row: Row, header: Header, labels: int) -> bool:
    multi = header.output_kind == "sigmoid"
    if header.labelled != (row.truth is not None):
        return False
    if isinstance(row.truth, list):
        if not multi or len(row.truth) != labels or any(one not in (0, 1) for one in row.truth):
            return False
    elif row.truth is not None and (multi or not 0 <= row.truth < labels):
        return False
    for answer in row.answers.values():
        if not answer.finite:
            continue
        if multi and len(answer.scores) != labels:
            return False
        if not multi and (
            not 1 <= len(answer.top) == len(answer.probabilities) <= TOP
            or not all(0 <= one < labels for one in answer.top)
        ):
            return False
    return True


def _lines(path: Path) -> Iterator[bytes]:
    with open_regular(path, "results file") as stream:
        number = 0
        while line := stream.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise UsageError(f"{path}, line {number} is longer than {LONGEST_LINE >> 20} MiB", AGAIN)
            if not line.endswith(b"\n"):
                raise UsageError(f"{path} is cut short in line {number}", AGAIN)
            yield line


def _decoded(line: bytes, shape: Any, path: Path, number: int) -> Any:
    try:
        return decode_json(line, shape)
    except Unusable as error:
        raise UsageError(f"{path}, line {number} cannot be read: {error}", AGAIN) from None
