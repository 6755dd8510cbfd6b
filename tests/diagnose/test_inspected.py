"""What a diagnosis says of a file that is compared with another and not run."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edgekit.diagnose.accounts import Unaccounted
from edgekit.diagnose.diagnose import Examination
from edgekit.diagnose.report import LayerReport, StepReport
from edgekit.pipeline.stage import SourceFile
from edgekit.pipeline.target import targets

FOUND = {"agrees": False, "differences": ["the first that only arm computes is operator 2, hard_swish -> y"]}
FRESH = {"model.arm.nb": "a" * 64, "model.x86.nb": "b" * 64}


def examination(arm: str, x86: str) -> Examination:
    """An artifact with these hashes, whose inspection fails, beside a fresh conversion."""
    files = {"model.arm.nb": SourceFile(Path("a"), arm), "model.x86.nb": SourceFile(Path("b"), x86)}
    target = targets()["lite"]
    manifest = SimpleNamespace(model=SimpleNamespace(name="net"))
    artifact = SimpleNamespace(by_role=lambda: files, folder=Path("net/lite"))
    converted = SimpleNamespace(files={name: {"sha256": sha256} for name, sha256 in FRESH.items()})
    subject = SimpleNamespace(
        target=target, manifest=manifest, artifact=artifact, converted="the conversion", changed_files=()
    )

    def run(stages: list[Any]) -> list[Any]:
        return [converted if stage == "the conversion" else SimpleNamespace(details=FOUND) for stage in stages]

    variant = next(one for one in target.description.variants if one.not_run)
    laboratory: Any = SimpleNamespace(run=run, runs=2)
    unused: Any = None
    return Examination(subject, variant, laboratory, unused, unused, None)  # pyright: ignore[reportArgumentType]


def test_a_pair_that_a_fresh_conversion_makes_too_is_told_as_that():
    found = examination(FRESH["model.arm.nb"], FRESH["model.x86.nb"]).inspected()
    assert not found.healthy
    assert [step.status for step in found.steps] == ["guilty"]
    assert found.sentence.startswith("Paddle Lite ARM artifact is just what a fresh conversion makes")
    assert FOUND["differences"][0] in found.sentence


def accounts(monkeypatch: pytest.MonkeyPatch, found: Unaccounted | None) -> None:
    """What the ledger says of any variant."""
    monkeypatch.setattr("edgekit.diagnose.diagnose.unaccounted", lambda *_: found)


def test_a_file_whose_twin_has_changed_is_acquitted(monkeypatch: pytest.MonkeyPatch):
    accounts(monkeypatch, None)
    found = examination(FRESH["model.arm.nb"], "c" * 64).inspected()
    assert found.healthy
    assert [step.status for step in found.steps] == ["ok"]


def test_a_file_that_stores_what_the_program_has_not_is_not_acquitted(monkeypatch: pytest.MonkeyPatch):
    """What cannot run is compared, and its parameters are accounted for: either may find a fault."""
    said = "1 of 9 stored parameters come from nowhere in the program, first w of conv2d c"
    layer = LayerReport("c", "conv2d", {}, (), (), changed_parameters=("w",))
    row = StepReport("ledger", "Paddle Lite ARM parameters", "", "guilty", reason=said)
    accounts(monkeypatch, Unaccounted(row, layer))
    found = examination(FRESH["model.arm.nb"], "c" * 64).inspected()
    assert not found.healthy
    assert [(step.name, step.status) for step in found.steps] == [("artifact", "ok"), ("ledger", "guilty")]
    assert found.layer == layer
    assert said in found.sentence
    assert "Nothing is wrong" not in found.sentence
