"""The matrix by its command line, with workers that are quick and fail on demand."""

import json
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.artifact.load import load_artifact
from edgekit.cli.app import run
from edgekit.errors import AbsentError
from edgekit.toolchain.environment import ensure_environment
from edgekit.toolchain.script import Requirements
from tests.matrix.conftest import FakeProject

TWO = ("--models", "MixNet_S,ResNet18")


def outcomes(document: dict) -> dict[tuple[str, str], str]:
    return {(cell["model"], cell["target"]): cell["outcome"] for cell in document["cells"]}


def test_every_model_on_every_target(project: FakeProject) -> None:
    status, document = project.matrix(*TWO)
    assert status == 0
    pairs = [(model, target) for model in ("MixNet_S", "ResNet18") for target in ("alpha", "beta")]
    assert outcomes(document) == dict.fromkeys(pairs, "passed")
    assert document["counts"] == {"passed": 4}
    assert json.loads((project.out / "matrix.json").read_text()) == document
    cell = document["cells"][0]
    assert cell["variants"][0]["latency"]["p50_ms"] == 12.5
    assert cell["parameters"] == 4134606
    assert list(cell["files"]) == ["MixNet_S.alpha"]
    figures = cell["variants"][0]["verdict"]["outputs"]["logits"]
    assert 1e-8 < figures["against_oracle"]["max_relative"] < 1e-5
    assert load_artifact(project.out / "ResNet18" / "beta").manifest.verdicts[0].verdict.passed
    assert "MixNet_S" in (project.out / "matrix.html").read_text()


def test_a_second_run_starts_no_worker(project: FakeProject) -> None:
    _, first = project.matrix(*TWO)
    project.forget()
    status, second = project.matrix(*TWO)
    assert status == 0
    assert project.called() == []
    assert second["cells"] == first["cells"]


def test_models_that_share_an_architecture_share_the_work(project: FakeProject) -> None:
    status, document = project.matrix("--models", "ResNet50_vd,ResNet50_vd_ssld,ResNet50_vd_v2", "-t", "alpha")
    assert status == 0
    assert len(document["cells"]) == 3
    assert sorted(project.called()) == sorted(
        f"{worker} ResNet50_vd"
        for worker in ("paddle/synthesize", "paddle/export", "alpha/convert", "paddle/run", "alpha/run")
    )
    assert load_artifact(project.out / "ResNet50_vd_v2" / "alpha").manifest.model.name == "ResNet50_vd_v2"


@pytest.mark.parametrize(
    ("call", "stage", "reason"),
    [
        ("beta/convert ResNet18", "beta/convert", "the layer Foo is unknown"),
        ("beta/run ResNet18", "parity", "logits"),
    ],
)
def test_a_failure_does_not_stop_the_others(project: FakeProject, call: str, stage: str, reason: str) -> None:
    status, document = project.matrix(*TWO, fail=call)
    assert status == 1
    assert outcomes(document)["ResNet18", "beta"] == "failed"
    assert document["counts"] == {"passed": 3, "failed": 1}
    failed = next(cell for cell in document["cells"] if cell["outcome"] == "failed")
    assert failed["stage"] == stage
    assert reason in failed["reason"]


def test_a_failure_is_tried_again_and_nothing_else_is(project: FakeProject) -> None:
    assert project.matrix(*TWO, fail="beta/convert ResNet18")[0] == 1
    project.forget()
    assert project.matrix(*TWO)[0] == 0
    assert project.called() == ["beta/convert ResNet18", "beta/run ResNet18"]


def test_a_failure_before_the_targets_fails_all_of_a_model(project: FakeProject) -> None:
    status, document = project.matrix(*TWO, fail="paddle/export ResNet18")
    assert status == 1
    stages = [cell["stage"] for cell in document["cells"]]
    assert stages == ["", "", "paddle/export", "paddle/export"]


EXPECTED = '\n[[targets.beta.expected_failures]]\nreason = "beta knows no Foo"\nmodels = ["ResNet1?"]\n'


def test_an_expected_failure_is_none(project: FakeProject) -> None:
    project.expect_failure("resnet", EXPECTED)
    status, document = project.matrix("--models", "ResNet18,ResNet34", fail="beta/convert ResNet18")
    assert status == 0
    assert outcomes(document)["ResNet18", "beta"] == "expected failure"
    assert outcomes(document)["ResNet34", "beta"] == "passed"
    project.forget()
    assert project.matrix("--models", "ResNet18,ResNet34")[0] == 0
    assert project.called() == [], "an expected failure is done"


def test_an_expected_failure_that_passes_is_a_failure_of_the_run(project: FakeProject) -> None:
    project.expect_failure("resnet", EXPECTED)
    for _ in range(2):
        status, document = project.matrix("--models", "ResNet18", "-t", "beta")
        assert status == 1
        assert outcomes(document)["ResNet18", "beta"] == "unexpected pass"


def test_a_failure_at_another_stage_is_not_the_expected_one(project: FakeProject) -> None:
    project.expect_failure("resnet", EXPECTED + 'stage = "beta/convert"\n')
    status, document = project.matrix("--models", "ResNet18", "-t", "beta", fail="beta/run ResNet18")
    assert status == 1
    assert outcomes(document)["ResNet18", "beta"] == "failed"


def test_a_toolchain_that_is_not_to_be_had_is_no_expected_failure(project: FakeProject) -> None:
    project.expect_failure("resnet", EXPECTED)

    def ensure(requirements: Requirements, *arguments, **keywords) -> Path:
        if requirements.file.parent.name == "beta":
            raise AbsentError("beta 1.0 could not be installed: no network", "Check it.")
        return ensure_environment(requirements, *arguments, **keywords)

    project.monkeypatch.setattr("edgekit.toolchain.worker.ensure_environment", ensure)
    for _ in range(2):
        status, document = project.matrix("--models", "ResNet18", "-t", "beta")
        assert status == 1
        assert outcomes(document)["ResNet18", "beta"] == "failed"
        assert document["cells"][0]["stage"] == "environment"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_ended_goes_on_where_it_was(project: FakeProject, how: signal.Signals) -> None:
    hanging = "beta/run ResNet18"
    process = project.start("--models", "MixNet_S,ResNet18", sleep=hanging)
    said = project.stop_at(process, hanging, how)
    assert process.returncode == (130 if how == signal.SIGINT else -signal.SIGKILL)
    assert "Traceback" not in said
    assert not (project.out / "matrix.json").exists()
    before = project.called()
    project.forget()
    status, document = project.matrix(*TWO)
    assert status == 0
    assert document["counts"] == {"passed": 4}
    assert hanging in project.called()
    assert set(project.called()) & set(before) == {hanging}, "what was done is not done again"


def test_with_keep_reports_only_reports_stay_and_the_next_run_knows(project: FakeProject, cache: Path) -> None:
    status, first = project.matrix(*TWO, "--keep", "reports")
    assert status == 0
    assert not (project.out / "MixNet_S").exists()
    assert {path.name for path in project.out.iterdir()} == {"cells", "matrix.json", "matrix.html"}
    assert not [
        path for path in (cache / "stages").rglob("*") if path.name.startswith(("model.", "inference.", "weights"))
    ]
    project.forget()
    status, second = project.matrix(*TWO, "--keep", "reports")
    assert (status, project.called()) == (0, [])
    assert second["cells"] == first["cells"]
    assert project.matrix(*TWO)[0] == 0, "asked to keep the artifacts, it makes them again"
    assert load_artifact(project.out / "MixNet_S" / "alpha")


def test_keep_reports_leaves_what_another_command_has_made(project: FakeProject, cache: Path) -> None:
    """Artifacts made before are verified by the program in the cache, and would have to be converted again."""
    assert project.matrix("-m", "MixNet_S", "-t", "alpha")[0] == 0
    made = {path for path in (cache / "stages").rglob("*") if path.name.startswith(("model.", "inference."))}
    assert made
    other = replace(project, out=project.out.with_name("other"))
    status, _ = other.matrix(*TWO, "--keep", "reports")
    assert status == 0
    left = {path for path in (cache / "stages").rglob("*") if path.name.startswith(("model.", "inference."))}
    assert left == made


@pytest.mark.parametrize("change", ["remove", "touch"])
def test_an_artifact_that_was_changed_is_not_taken_as_done(project: FakeProject, change: str) -> None:
    project.matrix(*TWO)
    file = project.out / "ResNet18" / "alpha" / "ResNet18.alpha"
    whole = file.read_text()
    file.unlink() if change == "remove" else file.write_text(whole.swapcase())
    assert project.matrix(*TWO)[0] == 0
    assert file.read_text() == whole


def test_without_latency_none_is_reported(project: FakeProject) -> None:
    status, document = project.matrix(*TWO, "--no-latency")
    assert status == 0
    assert document["latency"].startswith("not measured")
    assert all(one["latency"] is None for cell in document["cells"] for one in cell["variants"])
    assert document["command"].endswith("--no-latency")


def test_weights_that_are_not_to_be_had_fail_their_model_alone(project: FakeProject) -> None:
    status, document = project.matrix(*TWO, "--weights", "demo")
    assert status == 1
    assert [cell["outcome"] for cell in document["cells"]] == ["passed", "passed", "failed", "failed"]
    assert document["cells"][2]["stage"] == "weights"
    assert "no demo weights for ResNet18" in document["cells"][2]["reason"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--models", "Zebra*"], 'no model matches "Zebra*"'),
        (["--models", "MixNet_X"], "Did you mean"),
        (["--target", "gamma"], "there is no target gamma"),
        (["--weights", "synthetic:x"], '"x" is no seed'),
    ],
)
def test_mistakes(project: FakeProject, arguments: list[str], message: str) -> None:
    assert run(["matrix", "--out", str(project.out), *arguments]) == 2
    assert message in project.capsys.readouterr().err
    assert not project.out.exists()


def test_off_a_terminal_each_cell_is_a_line_and_the_table_ends_it(project: FakeProject) -> None:
    page = project.out / "support.md"
    assert run(["matrix", *TWO, "--out", str(project.out), "--support-page", str(page)]) == 0
    shown = project.capsys.readouterr()
    lines = [line for line in shown.err.splitlines() if line.startswith("[")]
    assert [line.split("]")[0].strip("[ ") for line in lines] == ["1/4", "2/4", "3/4", "4/4"]
    assert all(" left" in line for line in lines[:-1])
    assert "4 passed in" in shown.out
    assert "| MixNet\\_S | 4.1 M |" in page.read_text()


def test_a_disk_that_is_too_small_is_refused_before_anything_runs(project: FakeProject) -> None:
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    project.monkeypatch.setattr("shutil.disk_usage", lambda _: usage(10**9, 9 * 10**8, 10**8))
    status, document = project.matrix(*TWO)
    assert status == 3
    assert "of disk" in document["error"]
    assert "--keep reports" in document["remedy"]
    assert project.called() == []


def test_a_finished_cell_starts_no_worker(project: FakeProject) -> None:
    arguments = ("--models", "MixNet_S", "-t", "alpha", "--keep", "reports")
    done = project.matrix(*arguments)[1]["cells"][0]
    assert done["status"] == "passed"
    project.forget()
    assert project.matrix(*arguments)[1]["cells"][0] == done
    assert project.called() == []
