"""Verdicts as JUnit XML, which every CI system shows as tests: a suite for each model, a case for each verdict."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from edgekit.filesystem.owned import check_file, write_whole
from edgekit.filesystem.writing import disk_errors
from edgekit.untrusted.wording import harmless

if TYPE_CHECKING:
    from edgekit.matrix.report import MatrixReport
    from edgekit.verification.check import Check

NAME = "edgekit"

Result = Literal["passed", "failed", "error", "skipped"]

RESULTS: dict[str, Result] = {
    "passed": "passed",
    "failed": "failed",
    "not run": "skipped",
    "expected failure": "skipped",
    "unexpected pass": "failed",
}


@dataclass(frozen=True)
class JunitCase:
    """One test: `suite` is the model, `group` the target and the precision, `kind` what a failure is of.

    `reason` says why it did not pass, and `properties` are the figures behind it. A verdict that could not be given
    (a device was away, an artifact was changed meanwhile) is an "error", what was not run is "skipped".
    """

    suite: str
    group: str
    name: str
    result: Result
    reason: str = ""
    kind: str = "parity"
    seconds: float = 0.0
    properties: dict[str, str] = field(default_factory=dict)


def check_junit(path: Path) -> None:
    """Raise UsageError where something else than edgekit's JUnit XML lies at `path`."""
    check_file(path, "JUnit file", lambda start: f'<testsuites name="{NAME}"'.encode() in start)


def write_junit(path: Path, cases: Sequence[JunitCase]) -> None:
    """Write the cases whole. Raises UsageError as `check_junit`, ConversionError on a full disk."""
    check_junit(path)
    with disk_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, junit_xml(cases))


def junit_xml(cases: Sequence[JunitCase]) -> bytes:
    """The document. What XML cannot hold (control characters of a tool's log) becomes "?"."""
    from junitparser import Error, Failure, JUnitXml, Properties, Property, Skipped, TestCase, TestSuite

    results = {"failed": Failure, "error": Error, "skipped": Skipped}
    document = JUnitXml(NAME)
    for model in dict.fromkeys(case.suite for case in cases):
        suite = TestSuite(harmless(model))
        for case in cases:
            if case.suite != model:
                continue
            test = TestCase(harmless(case.name), harmless(f"{NAME}.{model}.{case.group}"), case.seconds)
            if case.result != "passed":
                test.result = [results[case.result](harmless(case.reason), harmless(case.kind))]
            elif case.reason:
                test.system_out = harmless(case.reason)
            if case.properties:
                known = Properties()
                for name, value in case.properties.items():
                    known.add_property(Property(harmless(name), harmless(value)))
                test.append(known)
            suite.add_testcase(test)
        document.add_testsuite(suite)
    document.update_statistics()
    text = document.tostring()
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + (text if isinstance(text, bytes) else text.encode()) + b"\n"


def cases_of_checks(checks: "Iterable[Check]") -> list[JunitCase]:
    """A case for each variant of each artifact on each machine."""
    from edgekit.report.verdicts import first_output, row_name

    cases = []
    for check in checks:
        found, manifest = check.found, check.artifact.manifest
        known = check.discarded or check.absent
        figures = first_output(check)
        properties = {"judged_against": found.verdict.judged_against, "weights": manifest.weights.sha256}
        if figures is not None:
            properties |= {
                "oracle_error": f"{figures.against_oracle.max_relative:.3e}",
                "oracle_error_limit": f"{figures.max_threshold:.3e}",
                "reference_error": f"{figures.noise.max_relative:.3e}",
            }
        if found.latency is not None:
            properties["p50_ms"] = f"{found.latency['p50_ms']:.3f}"
        cases.append(
            JunitCase(
                suite=manifest.model.name,
                group=f"{manifest.target}-{manifest.precision}",
                name=row_name(check),
                result="error" if known else RESULTS[found.verdict.status],
                reason=str(known)
                if known
                else "; ".join(filter(None, (found.verdict.reason, *found.verdict.warnings))),
                properties={name: value for name, value in properties.items() if value},
            )
        )
    return cases


def cases_of_matrix(report: "MatrixReport") -> list[JunitCase]:
    """A case for each cell. An expected failure is skipped, with its reason; one that passes has failed, as the run."""
    from edgekit.report.matrix_text import processor_text, why

    return [
        JunitCase(
            suite=cell.model,
            group=f"{cell.target}-{report.precision}",
            name=" on ".join(filter(None, (cell.target, processor_text(cell)))),
            result=RESULTS[cell.outcome],
            reason="" if cell.outcome == "passed" else why(cell),
            kind=cell.stage or cell.outcome,
            seconds=round(cell.seconds, 3),
        )
        for cell in report.cells
    ]
