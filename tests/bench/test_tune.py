"""Which settings are tried and kept: by what was measured, and only where the artifact passes with them."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edgekit.bench import tune
from edgekit.bench.ratio import Ratio
from edgekit.bench.tune import TuneRow, candidates, tuned
from edgekit.pipeline.target import targets

TOLD: dict[str, Any] = {"model": "m", "target": "onnx", "variant": ""}
FASTER, SLOWER, SAME = Ratio(0.8, 0.7, 0.9, 20), Ratio(1.2, 1.1, 1.3, 20), Ratio(0.9, 0.7, 1.1, 20)


def test_one_thing_is_tried_at_a_time() -> None:
    tried = [settings for settings, _ in candidates(targets()["ncnn"], 2)]
    assert tried == [{"threads": 1}, {"winograd": False}, {"sgemm": False}, {"packing": False}]
    assert {"threads": 1} not in [settings for settings, _ in candidates(targets()["ncnn"], 1)]
    assert list(candidates(targets()["lite"], 2)) == []


@pytest.fixture
def run(monkeypatch, tmp_path: Path):
    """Tune an ONNX artifact whose choices measure as `first`, then as `second`; returns rows and what was kept."""

    def tune_it(first: dict[str, Ratio], together: Ratio, refusal: str = "") -> tuple[list[TuneRow], list[dict]]:
        kept: list[dict] = []
        monkeypatch.setattr(tune, "keep", lambda _artifact, settings, _executor: kept.append(settings) or refusal)

        def measure(_source, _target, _artifact, _variant, tried, *_rest):
            return [
                TuneRow(settings=one, ratio=first[next(iter(one))] if len(one) == 1 else together, p50_ms=1.0, **TOLD)
                for one, _ in tried
            ]

        monkeypatch.setattr(tune, "measured", measure)
        artifact = tune.Artifact(tmp_path, SimpleNamespace(build={}, precision="fp32"))  # pyright: ignore[reportArgumentType]
        source: Any = SimpleNamespace(name="m")
        nothing: Any = None
        return list(tuned(source, targets()["onnx"], artifact, nothing, tune.Timing(threads=2))), kept

    return tune_it


def test_the_fastest_is_kept(run) -> None:
    rows, kept = run({"threads": SAME, "spinning": FASTER, "layout": SLOWER}, FASTER)
    assert kept == [{"spinning": False}]
    assert [row.settings for row in rows if row.kept] == [{"spinning": False}]


def test_what_is_faster_is_tried_together(run) -> None:
    rows, kept = run({"threads": FASTER, "spinning": FASTER, "layout": SLOWER}, Ratio(0.6, 0.5, 0.7, 20))
    assert kept == [{"threads": 1, "spinning": False}]
    assert len(rows) == 4
    # Together they are slower than one alone.
    _, kept = run({"threads": FASTER, "spinning": Ratio(0.5, 0.4, 0.6, 20), "layout": SLOWER}, FASTER)
    assert kept == [{"spinning": False}]


def test_where_nothing_is_faster_the_usual_settings_are_kept(run) -> None:
    rows, kept = run({"threads": SAME, "spinning": SAME, "layout": SLOWER}, SLOWER)
    assert kept == [{}]
    assert not any(row.kept for row in rows)


def test_what_does_not_pass_is_not_kept(run) -> None:
    rows, _ = run({"threads": SAME, "spinning": FASTER, "layout": SLOWER}, FASTER, refusal="it does not pass")
    assert [row.reason for row in rows if row.reason] == ["it does not pass"]
    assert not any(row.kept for row in rows)
