"""Two records side by side: intervals, "not distinguishable", and a page that escapes what strangers wrote."""

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from edgekit.bench.comparison import compared, median_interval, words
from edgekit.bench.merge import merged, read_record
from edgekit.bench.row import OTHER_HARDWARE, Report, Row
from edgekit.bench.validity import Conditions, Sustained
from edgekit.cli.app import run
from edgekit.errors import UsageError
from edgekit.untrusted.json_document import encode_json


def parts(median: float, spread: float = 0.02, seed: int = 0) -> tuple[float, ...]:
    chance = random.Random(seed)
    return tuple(median * (1 + spread * chance.uniform(-1, 1)) for _ in range(32))


def test_the_interval_of_a_median_holds_it_as_often_as_it_says() -> None:
    chance, held = random.Random(1), 0
    for _ in range(1000):
        values = [chance.gauss(10, 1) for _ in range(32)]
        _, low, high = median_interval(values)
        held += low <= 10 <= high
    assert held >= 965


def test_two_figures_that_differ_and_two_that_do_not() -> None:
    faster = compared(parts(5.0), parts(6.0, seed=1))
    assert faster is not None and faster.verdict == "faster" and faster.high < 1
    assert words(faster).endswith("faster")
    alike = compared(parts(5.0), parts(5.02, seed=1))
    assert alike is not None and alike.low < 1 < alike.high
    assert words(alike).endswith("not distinguishable")
    assert compared(parts(5.0)[:7], parts(5.0)) is None
    with pytest.raises(ValueError, match="too few"):
        median_interval([1.0] * 7)


def record(path: Path, device: str, median: float, **changes: Any) -> Path:
    conditions = Conditions(
        valid=True, why_not=(), runs=1024, seconds=60.0, clocks_khz=(2_400_000, 2_400_000), blocks_ms=parts(median)
    )
    row = Row(
        model="MixNet_S", target="ncnn", variant="", batch=1, precision="fp32", status="measured", device=device,
        machine="adb:A1", latency={"p50_ms": median, "p95_ms": median * 1.1, "min_ms": median * 0.9},
        peak_memory_bytes=60 << 20, **{"conditions": conditions, **changes},
    )  # fmt: skip
    path.write_bytes(encode_json(Report("a desk", 4, OTHER_HARDWARE, [row])))
    return path


def test_records_are_merged_into_one_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = Conditions(
        valid=False, why_not=("1,000 runs, fewer than 1,024",), runs=1000, blocks_ms=parts(8.0, seed=2),
        sustained=Sustained((8.0, 9.0), 0.125, 61.0, clocks_known=True), cores=(4, 5, 6, 7),
    )  # fmt: skip
    files = [
        record(tmp_path / "one.json", "Paragon P1", 5.0),
        record(tmp_path / "two.json", "<script>alert(1)</script>", 5.01),
        record(tmp_path / "three.json", "Old P0", 8.0, conditions=long),
    ]
    page = tmp_path / "page.html"
    assert run(["compare", *map(str, files), "--html", str(page), "--json"]) == 0
    (comparison,) = json.loads(capsys.readouterr().out)["comparisons"]
    assert comparison["title"] == "MixNet_S · ncnn · batch 1 · FP32"
    told = [figure["words"] for figure in comparison["figures"]]
    assert told[0] == "what others are compared with"
    assert told[1].endswith("not distinguishable")
    assert told[2].endswith("slower")
    text = page.read_text()
    assert "<script>" not in text and "&lt;script&gt;" in text
    assert "http" not in text.replace("http-equiv", "")
    assert "first throttled after 61 s" in text and "cores 4-7" in text
    assert "1,000 runs, fewer than 1,024" in text
    assert run(["compare", *map(str, files)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "not distinguishable" in shown and "slower" in shown
    # The page is edgekit's to replace; another file is not.
    assert run(["compare", str(files[0]), "--html", str(page)]) == 0
    (tmp_path / "mine.html").write_text("mine")
    assert run(["compare", str(files[0]), "--html", str(tmp_path / "mine.html")]) == 2
    assert (tmp_path / "mine.html").read_text() == "mine"
    assert run(["compare", str(files[0]), "--html", str(tmp_path / "nowhere" / "page.html")]) == 2
    assert "there is no folder" in " ".join(capsys.readouterr().err.split())


def test_what_was_not_measured_is_shown_and_not_compared(tmp_path: Path) -> None:
    path = record(tmp_path / "one.json", "P", 5.0, conditions=None)
    failed = Row(model="MixNet_S", target="ncnn", variant="", batch=1, precision="fp32", status="failed", reason="off")
    (comparison,) = merged([("a", Report("a desk", 2, "", [failed])), ("b", read_record(path))])
    assert [one.words for one in comparison.figures] == ["off", "what others are compared with"]
    assert comparison.figures[1].conditions == "conditions not recorded"


@pytest.mark.parametrize(
    "content",
    [b"[]", b"{}", b"no json", b'{"machine": "m", "threads": 2, "published_are": "", "rows": [{"model": 1}]}'],
)
def test_what_is_no_record_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "r.json").write_bytes(content)
    with pytest.raises(UsageError):
        read_record(tmp_path / "r.json")


def test_impossible_latencies_are_refused(tmp_path: Path) -> None:
    path = record(tmp_path / "r.json", "P", 5.0)
    path.write_text(path.read_text().replace('"p50_ms": 5.0', '"p50_ms": 0'))
    with pytest.raises(UsageError, match="a latency that is none"):
        read_record(path)
    path.write_text(record(path, "P", 5.0).read_text().replace('"schema_version": 1', '"schema_version": 2'))
    with pytest.raises(UsageError, match="newer edgekit"):
        read_record(path)


def changed(path: Path, name: str, value: Any) -> Path:
    """A record whose conditions say something else."""
    record(path, "P", 5.0)
    document = json.loads(path.read_text())
    document["rows"][0]["conditions"][name] = value
    path.write_text(json.dumps(document))
    return path


def test_a_minute_that_took_no_time_is_refused(tmp_path: Path) -> None:
    minutes = {"minutes_ms": [0.0, 0.0], "decay": 0.1}
    with pytest.raises(UsageError, match="a latency that is none"):
        read_record(changed(tmp_path / "r.json", "sustained", minutes))


def test_cores_of_any_numbers_cost_nothing(tmp_path: Path) -> None:
    cores = [0, 1, (1 << 63) - 1]
    (one,) = merged([("a", read_record(changed(tmp_path / "r.json", "cores", cores)))])
    assert one.figures[0].where == "P, cores 0,1,9223372036854775807, 4 threads"


def test_a_record_whose_name_is_not_utf_8_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = record(tmp_path / os.fsdecode(b"a\xff.json"), "P", 5.0)
    page = tmp_path / "page.html"
    assert run(["compare", str(path), "--html", str(page)]) == 0
    assert "a?.json" in page.read_text()
    assert capsys.readouterr().out.replace("\n", "").isprintable()
