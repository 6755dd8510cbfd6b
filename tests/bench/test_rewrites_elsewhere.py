"""Versions of a graph on a device: in turn, in another order in each round, and none that is wrong has a time."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from edgekit.bench import rewrites_elsewhere
from edgekit.bench.rewrites_elsewhere import ROUNDS, every_layer, p50_of, round_of, times_there
from edgekit.bench.run import Timing
from edgekit.errors import ConversionError
from edgekit.pipeline.plan import Plan

VERSIONS = [(cast(Plan, f"plan {number}"), cast(Any, f"manifest {number}")) for number in range(3)]


def test_each_runs_once_in_a_round_and_none_always_behind_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def runs(plan: str, *_: Any) -> list[Any]:
        return [SimpleNamespace(variant=SimpleNamespace(name=name), plan=plan) for name in ("", "other")]

    def p50(run: Any, _: Any) -> float:
        asked.append(f"{run.plan} {run.variant.name}".strip())
        return float(len(asked))

    monkeypatch.setattr(rewrites_elsewhere, "every_layer", lambda *_: {})
    monkeypatch.setattr(rewrites_elsewhere, "emulated_runs", runs)
    monkeypatch.setattr(rewrites_elsewhere, "p50_of", p50)
    anything = cast(Any, None)
    found = times_there(VERSIONS, anything, anything, anything, Timing())
    assert {name: [len(times) for times in versions] for name, versions in found.items()} == {
        "": [ROUNDS] * 3,
        "other": [ROUNDS] * 3,
    }
    plain = [one for one in asked if not one.endswith("other")]
    rounds = [plain[start : start + 3] for start in range(0, len(plain), 3)]
    assert [one[0] for one in rounds[:3]] == ["plan 0", "plan 1", "plan 2"]
    assert all(sorted(one) == ["plan 0", "plan 1", "plan 2"] for one in rounds)


def test_the_time_is_shared_out() -> None:
    each = round_of(Timing(repeats=80, seconds=48.0, least_seconds=60.0, cores="big"), 3)
    assert (each.repeats, each.seconds, each.least_seconds, each.cores) == (80 // ROUNDS, 48.0 / ROUNDS / 3, 0.0, "big")
    assert round_of(Timing(repeats=5), 3).repeats == 3


class Executor:
    """Gives each stage its outcome, and notes what is forgotten."""

    def __init__(self, results: dict[str, dict[str, Any]]) -> None:
        self.results, self.forgotten = results, []
        self.store = SimpleNamespace(forget=self.forgotten.append)

    def run(self, _: Any) -> Any:
        return SimpleNamespace(result=lambda stage: SimpleNamespace(details=self.results[stage.about]))


def test_the_runner_has_the_layers_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    read = {
        "layers of one": {"layers": {"Convolution": {"1": [1, 3]}, "ReLU": {}}},
        "layers of other": {"layers": {"Convolution": {"1": [3, 5], "2": [1]}, "Split": {}}},
    }
    plans = [
        SimpleNamespace(source=SimpleNamespace(name=name), conversions={"ncnn": object()}) for name in ("one", "other")
    ]
    monkeypatch.setattr(rewrites_elsewhere, "layers_stage", lambda name, _: SimpleNamespace(about=f"layers of {name}"))
    versions = [(cast(Plan, plan), cast(Any, None)) for plan in plans]
    found = every_layer(versions, cast(Any, SimpleNamespace(name="ncnn")), cast(Any, Executor(read)))
    assert found == {"Convolution": {"1": [1, 3, 5], "2": [1]}, "ReLU": {}, "Split": {}}


@pytest.mark.parametrize("passed", [True, False])
def test_what_is_wrong_has_no_time(monkeypatch: pytest.MonkeyPatch, passed: bool) -> None:
    stage = SimpleNamespace(about="run", options={"threads": 1})
    verdict = SimpleNamespace(verdict=SimpleNamespace(passed=passed, reason="off by half"))
    run = SimpleNamespace(
        run=stage,
        stages=[stage],
        found=lambda _: verdict,
        target=SimpleNamespace(name="ncnn"),
        machine=SimpleNamespace(name="adb:A1"),
    )
    monkeypatch.setattr(
        rewrites_elsewhere, "replace", lambda one, **changes: SimpleNamespace(**{**vars(one), **changes})
    )
    executor = Executor({"run": {"latency": {"p50_ms": 4.5}}})
    if passed:
        assert p50_of(cast(Any, run), cast(Any, executor)) == 4.5
    else:
        with pytest.raises(ConversionError, match="ncnn on adb:A1 is wrong there: off by half"):
            p50_of(cast(Any, run), cast(Any, executor))
    (forgotten,) = executor.forgotten
    assert forgotten.options["measured"] > 0
