"""Which reference judges, and that one polluted by TF32 does not judge FP32."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.errors import AbsentError, UsageError
from edgekit.inputs.size import Size
from edgekit.parity import Tolerance, Verdict
from edgekit.parity.judge import judge_outputs
from edgekit.reference.bundle import Bundle
from edgekit.reference.choose import PADDLE_CPU, Choice, Reference, Truth, choice
from edgekit.reference.description import ArithmeticPart, BackendPart
from tests.reference.making import CPU, KINDS, LABELS, Network, subject, written

NETWORK = Network.of(0)
TRUTH = Truth({"logits": NETWORK.run("fp32")}, {"logits": NETWORK.run("float64")})
USUAL = Tolerance()
LOW = Tolerance(max_relative=0.02, min_top1_agreement=0.75, reason="FP16")
TENSORRT = BackendPart("tensorrt", {"tensorrt-cu13": "11.4.0.106"})


@pytest.fixture
def make(tmp_path: Path):
    def make(name: str, computed: str = "fp32-reversed", **changes: Any) -> Bundle:
        return written(tmp_path / f"{name}.safetensors", NETWORK.run(computed), **changes)

    return make


def test_without_a_gpu_bundle_paddle_here_judges(make) -> None:
    on_cpu = make("cpu", device=CPU, backend=BackendPart("paddle-cpu", {}))
    for available in ((), (on_cpu,)):
        chosen = Choice("auto", available=available)
        chosen.check(subject())
        found = chosen.of(subject(), TRUTH, USUAL)
        assert (found.name, found.bundle, found.declined) == (PADDLE_CPU, None, ())
        assert found.outputs is TRUTH.paddle


def test_auto_takes_a_gpu_bundle_that_is_as_exact_as_fp32(make) -> None:
    good = make("good")
    found = Choice("auto", available=(good,)).of(subject(), TRUTH, USUAL)
    assert found.bundle == good
    assert found.name == good.description.title
    assert found.measured["logits"].exactness == "fp32"


def test_auto_passes_over_a_polluted_bundle_and_says_so(make) -> None:
    polluted, good = make("polluted", "tf32", backend=TENSORRT), make("good")
    found = Choice("auto", available=(good, polluted)).of(subject(), TRUTH, USUAL)
    assert found.bundle == good
    (declined,) = found.declined
    assert declined.startswith("polluted: the reference is unusable: it was recorded with FP32, TF32 off, and is 3.")
    assert "what TF32's 10 bits of mantissa cost" in declined
    alone = Choice("auto", available=(polluted,)).of(subject(), TRUTH, USUAL)
    assert alone.bundle is None
    assert alone.declined == found.declined


@pytest.mark.parametrize(("arithmetic", "said"), [("tf32", "TF32"), ("fp16", "FP16"), ("bf16", "another model")])
def test_a_polluted_bundle_that_was_asked_for_makes_the_verdict_fail(make, arithmetic: str, said: str) -> None:
    chosen = Choice(make("polluted", arithmetic))
    chosen.check(subject())
    found = chosen.of(subject(), TRUTH, USUAL)
    assert "the reference is unusable" in found.unusable
    assert said in found.unusable


def test_a_bundle_with_other_outputs_is_unusable(make, tmp_path: Path) -> None:
    found = Choice(written(tmp_path / "x.safetensors", NETWORK.run("fp32")[:, :7])).of(subject(), TRUTH, USUAL)
    assert "its output logits is [10, 7], and the program's [10, 40]" in found.unusable


def test_recorded_in_fp16_on_purpose_it_judges_fp16_and_nothing_else(make) -> None:
    half = make("half", "fp16", arithmetic=ArithmeticPart("fp16"))
    chosen = Choice(half)
    with pytest.raises(UsageError, match="FP16 on purpose, which judges FP16 artifacts only"):
        chosen.check(subject())
    chosen.check(subject(precision="fp16"))
    found = chosen.of(subject(precision="fp16"), TRUTH, LOW)
    assert found.unusable == ""
    assert judged(found, NETWORK.run("fp16"), LOW, "fp16").status == "passed"
    # Called FP16, and recorded in FP32: no pass for what was not on purpose.
    other = Choice(make("not-said", "fp16")).of(subject(precision="fp16"), TRUTH, LOW)
    assert "unusable" in other.unusable


def judged(found: Reference, logits: np.ndarray, tolerance: Tolerance = USUAL, precision: Any = "fp32") -> Verdict:
    return judge_outputs(
        {"logits": logits.astype(np.float32)},
        found.outputs,
        TRUTH.oracle,
        found.tolerance(tolerance),
        precision,
        LABELS,
        judged_against=found.name,
        kinds=KINDS,
        yardstick=found.yardstick(TRUTH),
    )


def test_a_bundle_never_widens_what_passes(make, tmp_path: Path) -> None:
    """A reference with seven times Paddle's error counts as FP32, but its own error does not set the limit."""
    oracle, paddle = TRUTH.oracle["logits"], TRUTH.paddle["logits"]
    noisy = (oracle + 7 * (paddle - oracle)).astype(np.float32)
    found = Choice(written(tmp_path / "noisy.safetensors", noisy)).of(subject(), TRUTH, USUAL)
    assert found.unusable == ""
    artifact = oracle + 20 * (paddle - oracle)
    assert judged(Reference(PADDLE_CPU, found.outputs), artifact).status == "passed"  # 7 times 8 is more than 20
    verdict = judged(found, artifact)
    assert verdict.status == "failed"
    assert "8 times Paddle's own FP32 error" in verdict.reason
    here = judged(Reference(PADDLE_CPU, TRUTH.paddle), artifact)
    assert verdict.outputs["logits"].max_threshold == here.outputs["logits"].max_threshold


def test_a_bundle_more_exact_than_paddle_condemns_no_correct_engine(tmp_path: Path) -> None:
    exact = TRUTH.oracle["logits"].astype(np.float32)
    found = Choice(written(tmp_path / "exact.safetensors", exact)).of(subject(), TRUTH, USUAL)
    verdict = judged(found, NETWORK.run("fp32-reversed"))
    assert verdict.status == "passed"
    assert verdict.judged_against == found.name


def test_the_reference_decides_and_not_paddle(tmp_path: Path) -> None:
    """Another model's bundle is refused by its error; the classes of a good one are what an artifact must find."""
    found = Choice(written(tmp_path / "gpu.safetensors", NETWORK.run("fp32-reversed"))).of(subject(), TRUTH, USUAL)
    wrong = NETWORK.run("fp32").copy()
    wrong[0] = np.roll(wrong[0], 1)
    assert judged(found, wrong).status == "failed"


def test_a_required_gpu_reference_must_be_there(make) -> None:
    on_cpu = make("cpu", device=CPU, backend=BackendPart("paddle-cpu", {}))
    for chosen in (Choice("auto", True), Choice("auto", True, (on_cpu,)), Choice(on_cpu, True)):
        with pytest.raises(AbsentError) as caught:
            chosen.check(subject(batch=4))
        assert caught.value.exit_status == 3
        assert "edgekit reference record Net --backend tensorrt" in caught.value.remedy
        assert "--batch 4" in caught.value.remedy
    Choice("auto", True, (make("good"),)).check(subject())
    polluted = Choice("auto", True, (make("polluted", "tf32"),))
    polluted.check(subject())
    with pytest.raises(AbsentError, match="there is no GPU reference for Net: polluted: the reference is unusable"):
        polluted.of(subject(), TRUTH, USUAL)


def test_a_bundle_of_something_else_is_refused_at_once(make) -> None:
    with pytest.raises(
        UsageError, match=r"good.safetensors does not count for Net: it is of an input of 64 px"
    ) as caught:
        Choice(make("good")).check(subject(input_size=Size.of(96)))
    assert caught.value.exit_status == 2


def test_what_the_command_line_asks_for(make, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert choice("paddle-cpu", require_gpu=False, cache=cache) == Choice("paddle-cpu")
    with pytest.raises(UsageError, match="contradict"):
        choice("paddle-cpu", require_gpu=True, cache=cache)
    good = make("good")
    assert choice(str(good.path), require_gpu=True, cache=cache).how == good
    good.path.write_bytes(good.path.read_bytes()[:-1] + b"\0")
    with pytest.raises(UsageError, match=r"changed|whole"):
        choice(str(good.path), require_gpu=False, cache=cache)
