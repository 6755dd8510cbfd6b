from msgspec import structs

from edgekit.bench.everything.advice import advice, worth
from edgekit.bench.everything.in_turn import Timed
from edgekit.bench.everything.priced import Times
from edgekit.bench.everything.run import times_beside, verdict_of
from edgekit.bench.ratio import Ratio
from edgekit.evaluate.figures import Drop
from edgekit.evaluate.paired import Cells
from tests.bench.everything.making import row


def times(threads: int, p50: float, **beside: tuple[float, float, float]) -> Times:
    return Times(threads, p50, p50, 30, {name: Ratio(*ratio, 30) for name, ratio in beside.items()})


def test_int8_that_is_slower_in_its_own_runtime_is_not_worth_it_with_both_figures() -> None:
    found = worth("int8", [times(1, 3.0, ncnn=(1.2, 1.1, 1.3)), times(2, 2.0, ncnn=(1.0, 0.9, 1.1))], {"fp32": "ncnn"})
    assert (
        found
        == "it takes 1.20 (1.10 to 1.30) times as long as fp32 in the same runtime (3 ms and 2.5 ms with 1 thread)"
    )


def test_int8_within_the_noise_or_faster_with_some_number_of_threads_is_worth_it() -> None:
    others = {"fp32": "ncnn", "fp16": "ncnn-fp16"}
    assert worth("int8", [times(1, 3.0, ncnn=(1.1, 0.9, 1.3))], others) == ""
    both = [times(1, 3.0, ncnn=(1.2, 1.1, 1.3)), times(2, 2.0, ncnn=(0.8, 0.7, 0.9))]
    assert worth("int8", both, others) == ""
    assert "as fp16" in worth("int8", [times(1, 3.0, **{"ncnn-fp16": (1.2, 1.1, 1.3)})], others)
    assert worth("fp16", [times(1, 3.0, ncnn=(2.0, 1.9, 2.1))], others) == ""


def test_the_fastest_is_shipped_that_keeps_the_accuracy() -> None:
    lossy = Drop.of(Cells(300, 100, 2, 98), 0.5)
    assert lossy.state == "above"
    rows = [
        row("onnx", p50=10, ratio=1, size=40_000_000),
        row("onnx-int8", p50=3, ratio=0.3, size=10_000_000),
        row("openvino-int8", p50=2, ratio=0.2, size=11_000_000, drop=lossy),
        row("ncnn-int8", p50=1, ratio=0.1, size=10_000_000, status="failed"),
    ]
    found = advice(rows, 2)
    assert found.startswith(
        "Ship onnx-int8: 0.30 (0.28 to 0.32) of ONNX Runtime FP32's time with 2 threads, 0.25 of its size"
    )
    assert "a drop of +0.00 points" in found


def test_times_and_ratios_are_not_compared() -> None:
    # The yardstick takes 0.2 ms: as a number that is less than 0.5, the ratio of what takes half as long.
    rows = [row("onnx", p50=0.4, ratio=1, size=40), row("openvino", p50=0.2, ratio=0.5, size=40)]
    assert advice(rows, 2).startswith("Ship openvino")
    assert advice([rows[0], row("ncnn", p50=8, ratio=20, size=40)], 2).startswith("Ship onnx: 0.2 ms, and nothing that")
    # Without a yardstick in its rounds an artifact has no ratio: then the milliseconds of all count.
    alone = [structs.replace(one, p50_ms=0.15, beside={}) for one in rows[0].times]
    assert advice([rows[0], row("ncnn", p50=0, ratio=1, size=40, times=alone)], 2).startswith("Ship ncnn: 0.15 ms")


def test_what_no_photo_has_seen_is_not_shipped() -> None:
    unknown = row("openvino-int8", p50=2, ratio=0.2, size=11, drop=None, agreement=None)
    assert advice([row("onnx", p50=10, ratio=1, size=40), unknown], 2).startswith("Ship onnx")
    assert advice([unknown], 2).startswith("Nothing to ship")


def test_of_those_that_are_as_fast_the_smallest_is_shipped() -> None:
    rows = [
        row("onnx", p50=10, ratio=1, size=40),
        row("openvino", p50=5, ratio=0.50, size=40, noise=0.05),
        row("openvino-fp16", p50=5.2, ratio=0.52, size=20, noise=0.05),
    ]
    assert advice(rows, 2).startswith("Ship openvino-fp16")


def test_a_wide_interval_alone_makes_nothing_as_fast() -> None:
    rows = [
        row("openvino-int8", p50=3, ratio=0.30, size=12, noise=0.05),
        row("ncnn-int8", p50=5, ratio=0.52, size=11, noise=0.3),
    ]
    assert advice(rows, 2).startswith("Ship openvino-int8")


def test_where_nothing_passed_nothing_is_shipped() -> None:
    assert advice([row("onnx", p50=1, ratio=1, size=1, status="failed")], 2).startswith("Nothing to ship")


def test_ratios_are_of_the_same_rounds() -> None:
    mine, theirs = Timed([1.0, 2.0, 3.0] * 10), Timed([2.0, 4.0, 6.0] * 10)
    found = times_beside(1, mine, {"a": mine, "b": theirs, "c": Timed([1.0])}, {"b", "c", "d"})
    assert (found.p50_ms, found.rounds, list(found.beside)) == (2.0, 30, ["b"])
    assert (found.beside["b"].low, found.beside["b"].median, found.beside["b"].high) == (0.5, 0.5, 0.5)


def test_an_artifact_that_nothing_looked_at_was_not_run() -> None:
    assert verdict_of([]) == ("not run", "")
