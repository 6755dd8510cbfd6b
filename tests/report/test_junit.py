"""JUnit XML: what CI systems count is what edgekit said."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from edgekit.errors import UsageError
from edgekit.report.junit import JunitCase, cases_of_matrix, check_junit, junit_xml, write_junit
from tests.report.test_matrix_pages import HOSTILE, cell, failed, report


def parsed(cases: list[JunitCase]) -> ET.Element:
    return ET.fromstring(junit_xml(cases).decode())


def test_every_result_is_counted_as_what_it_is() -> None:
    cases = [
        JunitCase("A", "onnx-fp32", "onnx", "passed", properties={"oracle_error": "1.000e-06"}),
        JunitCase("A", "ncnn-fp32", "ncnn", "failed", "it is off by 0.1"),
        JunitCase("A", "lite-fp32", "lite ARM", "skipped", "needs an ARM device"),
        JunitCase("B", "onnx-fp32", "onnx on adb:1", "error", "adb:1 went away", seconds=1.5),
    ]
    document = parsed(cases)
    assert {name: document.get(name) for name in ("name", "tests", "failures", "errors", "skipped")} == {
        "name": "edgekit", "tests": "4", "failures": "1", "errors": "1", "skipped": "1",
    }  # fmt: skip
    first, second = document.findall("testsuite")
    assert (first.get("name"), first.get("tests"), second.get("name"), second.get("time")) == ("A", "3", "B", "1.5")
    passed, wrong, skipped = first.findall("testcase")
    assert (passed.get("classname"), passed.get("name")) == ("edgekit.A.onnx-fp32", "onnx")
    found = passed.find("properties/property")
    assert found is not None
    assert (found.get("name"), found.get("value")) == ("oracle_error", "1.000e-06")
    assert [one.tag for one in wrong] == ["failure"]
    assert [one.get("message") for one in (*wrong, *skipped)] == ["it is off by 0.1", "needs an ARM device"]
    assert [one.tag for one in skipped] == ["skipped"]
    assert [one.tag for one in second[0]] == ["error"]


def test_a_strangers_words_break_no_document() -> None:
    reason = f"{HOSTILE} ]]> \x00\x1b[31m\ud800 </testsuites>"
    document = parsed([JunitCase(HOSTILE, HOSTILE, HOSTILE, "failed", reason, properties={"a": HOSTILE})])
    (failure,) = document.iter("failure")
    message = failure.get("message")
    assert message is not None
    assert message.startswith("<script>alert(1)</script>")
    assert message.endswith("]]> ??[31m? </testsuites>")
    assert document.get("tests") == "1"


def test_the_matrix_fails_where_it_fails() -> None:
    cells = [
        cell("A", "onnx", seconds=2.0),
        failed("A", "ncnn", "the layer Foo is unknown"),
        failed("B", "ncnn", "no Foo", expected="ncnn knows no Foo"),
        cell("B", "onnx", status="not run", outcome="not run", reason="needs an ARM device", variants=()),
        cell("C", "onnx", outcome="unexpected pass", expected="onnx knows no Bar"),
    ]
    cells[2] = cell("B", "ncnn", status="failed", outcome="expected failure", stage="ncnn/convert", reason="no Foo",
                    expected="ncnn knows no Foo", variants=())  # fmt: skip
    cases = cases_of_matrix(report(*cells))
    assert [case.result for case in cases] == ["passed", "failed", "skipped", "skipped", "failed"]
    assert cases[0].seconds == 2.0
    assert cases[1].reason == "ncnn/convert: the layer Foo is unknown"
    assert "take that out of the recipe" in cases[4].reason
    document = parsed(cases)
    assert (document.get("failures"), document.get("skipped"), document.get("errors")) == ("2", "2", "0")


def test_somebody_elses_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "verdicts.xml"
    write_junit(path, [])
    write_junit(path, [JunitCase("A", "b", "c", "passed")])
    assert b'tests="1"' in path.read_bytes()
    path.write_text('<testsuites name="pytest tests"/>')
    with pytest.raises(UsageError, match="no JUnit file of edgekit"):
        check_junit(path)
