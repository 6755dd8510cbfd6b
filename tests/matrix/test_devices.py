"""The matrix on emulated machines: which cells there are, at which size, on which samples, and what is made once."""

import pytest

from edgekit.artifact.load import load_artifact
from tests.matrix.conftest import FakeProject
from tests.matrix.emulated import LARGE, SMALL, emulate

EVERYWHERE = ("--device", f"host,{SMALL},{LARGE}")


@pytest.fixture
def machines(project: FakeProject, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return emulate(project, monkeypatch, "beta")


def cells(document: dict) -> dict[tuple[str, str | None], dict]:
    return {(cell["target"], cell["machine"]): cell for cell in document["cells"]}


def test_a_target_has_a_cell_for_each_machine_that_it_runs_on(project: FakeProject, machines: list[str]) -> None:
    status, document = project.matrix("--models", "ResNet18", *EVERYWHERE)
    assert status == 0
    found = cells(document)
    assert list(found) == [("alpha", None), ("beta", None), ("beta", SMALL), ("beta", LARGE)]
    assert sorted(machines) == [SMALL, LARGE]
    for (_, machine), cell in found.items():
        (verdict,) = cell["variants"]
        assert cell["outcome"] == "passed"
        assert verdict["machine"] == machine
        assert (verdict["latency"] is None) == (machine is not None)
        figures = verdict["verdict"]["outputs"]["logits"]
        assert figures["samples"] == (10 if machine is None else 2)
        # The limits are those that all ten samples set.
        here = found["beta", None]["variants"][0]["verdict"]["outputs"]["logits"]
        assert figures["max_threshold"] == here["max_threshold"]
    # One artifact, converted once, with the verdicts of all machines.
    assert project.called().count("beta/convert ResNet18") == 1
    verdicts = load_artifact(project.out / "ResNet18" / "beta").manifest.verdicts
    assert [one.machine for one in verdicts] == [None, SMALL, LARGE]
    assert "BETA ARM64" in (project.out / "matrix.html").read_text().upper()


def test_each_machine_s_cell_is_done_by_itself(project: FakeProject, machines: list[str]) -> None:
    project.matrix("--models", "ResNet18", "--device", f"host,{SMALL}")
    project.forget()
    machines.clear()
    status, document = project.matrix("--models", "ResNet18", *EVERYWHERE)
    assert status == 0
    assert machines == [LARGE]
    assert project.called() == ["beta/run ResNet18"]
    assert len(document["cells"]) == 4
    project.forget()
    assert project.matrix("--models", "ResNet18", *EVERYWHERE)[0] == 0
    assert project.called() == []


def test_emulated_machines_may_get_a_smaller_input_and_this_one_keeps_its_own(
    project: FakeProject, machines: list[str]
) -> None:
    models = ("--models", "ResNet18,ResNet34,alt_gvt_small")
    status, document = project.matrix(*models, *EVERYWHERE, "--device-input-size", "96", "--keep", "artifacts")
    assert status == 0
    sizes = {(cell["model"], cell["machine"]): cell["input_size"] for cell in document["cells"]}
    assert sizes["ResNet18", None] == 224
    assert sizes["ResNet18", SMALL] == sizes["ResNet18", LARGE] == 96
    # Its windows tile 224 and multiples alone.
    assert sizes["alt_gvt_small", SMALL] == sizes["alt_gvt_small", None] == 224
    small = load_artifact(project.out / "96px" / "ResNet18" / "beta").manifest
    assert [one.machine for one in small.verdicts] == [SMALL, LARGE]
    assert small.preprocessing.input_size == (96, 96)
    assert [one.machine for one in load_artifact(project.out / "ResNet18" / "beta").manifest.verdicts] == [None]
    assert "96 px (alt_gvt_small: 224 px)" in (project.out / "matrix.html").read_text()
    assert document["command"].endswith(f"--device host,{SMALL},{LARGE} --device-input-size 96")


def test_with_keep_reports_nothing_of_either_size_stays(project: FakeProject, machines: list[str]) -> None:
    flags = ("--models", "ResNet18", *EVERYWHERE, "--device-input-size", "96", "--keep", "reports")
    assert project.matrix(*flags)[0] == 0
    assert sorted(path.name for path in project.out.iterdir()) == ["cells", "matrix.html", "matrix.json"]
    project.forget()
    assert project.matrix(*flags)[0] == 0
    assert project.called() == []


def test_a_fault_on_a_machine_is_that_machine_s_alone(
    project: FakeProject, machines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import edgekit.matrix.work

    judged = edgekit.matrix.work.judge_artifact

    def damaged(prepared, outcomes, *rest):
        if prepared[0].machine and prepared[0].machine.name == LARGE:
            import numpy as np
            from safetensors.numpy import load_file, save_file

            for stage in prepared[0].runs.values():
                path = outcomes.result(stage).folder / "outputs.safetensors"
                save_file({name: np.roll(value, 1) for name, value in load_file(path).items()}, path)
        return judged(prepared, outcomes, *rest)

    monkeypatch.setattr(edgekit.matrix.work, "judge_artifact", damaged)
    status, document = project.matrix("--models", "ResNet18", *EVERYWHERE)
    assert status == 1
    outcomes = {place: cell["outcome"] for place, cell in cells(document).items()}
    assert outcomes["beta", LARGE] == "failed"
    assert outcomes["beta", SMALL] == outcomes["beta", None] == "passed"
    assert cells(document)["beta", LARGE]["stage"] == "parity"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--target", "alpha", "--device", SMALL), f"alpha does not run on {SMALL}. `edgekit devices` lists"),
        (("--device", "nexus"), "there is no device nexus. Devices are host, aarch64:cortex-a53"),
        (
            ("--device-input-size", "64"),
            "--device-input-size is for emulated machines, and none is named. Add --device",
        ),
        (("--device", SMALL, "--device-input-size", "x"), "--device-input-size x is not a size"),
        (("--device", SMALL, "--device-input-size", "4000"), "4000"),
    ],
)
def test_mistakes(project: FakeProject, machines: list[str], arguments: tuple[str, ...], message: str, capsys) -> None:
    from edgekit.cli.app import run

    assert run(["matrix", "--models", "ResNet18", "--out", str(project.out), *arguments]) == 2
    assert message in capsys.readouterr().err
    assert project.called() == []
