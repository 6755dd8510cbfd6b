"""Rewrites for speed in the plan: on by target, shared where they are the same, none where they are not wanted."""

from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as changed

from edgekit.catalog import load_catalog
from edgekit.pipeline.instruction_set import this_machine
from edgekit.pipeline.plan import REWRITER, SPEEDER, Plan, plan_conversion, programs_of
from edgekit.pipeline.source import CatalogSource, catalog_source
from edgekit.pipeline.stage import StageFile
from edgekit.pipeline.target import targets
from edgekit.recipe.schema import SpeedChoice, TargetRecipe
from edgekit.weights import resolve_weights

ONE, OTHER = SpeedChoice("merge-mixed-depthwise", "measured"), SpeedChoice("merge-split-pointwise", "measured")


@pytest.fixture
def source(tmp_path: Path) -> CatalogSource:
    model = load_catalog().find("MixNet_S")
    return catalog_source(model, resolve_weights(model, "synthetic:0", tmp_path, offline=True))


def planned(
    source: CatalogSource,
    *,
    speed: tuple[str, ...] | None = None,
    machine: str | None = None,
    **chosen: tuple[SpeedChoice, ...],
) -> Plan:
    """The plan for all targets whose recipe has just the `chosen` rewrites for speed."""
    known = source.recipe.targets
    told = {
        name: changed(known.get(name, TargetRecipe()), speed=chosen.get(name, ()))
        for name in ("onnx", "openvino", "ncnn", "lite")
    }
    source = replace(source, recipe=changed(source.recipe, targets=told))
    return plan_conversion(source, [targets()[name] for name in told], speed=speed, machine=machine)


def chain(plan: Plan, target: str) -> list[str]:
    return [stage.worker for stage in programs_of(plan, targets()[target])[1:]]


def onnx_before_ncnn(plan: Plan) -> str:
    (read,) = plan.conversions["ncnn"].inputs.values()
    assert isinstance(read, StageFile)
    return read.stage.key


def test_they_come_after_the_repairs_for_those_targets_that_have_them(source: CatalogSource) -> None:
    plan = planned(source, onnx=(ONE, OTHER), ncnn=(ONE, OTHER))
    assert chain(plan, "onnx") == chain(plan, "ncnn") == [REWRITER, SPEEDER]
    assert chain(plan, "lite") == chain(plan, "openvino") == [REWRITER]
    faster = programs_of(plan, targets()["onnx"])[-1]
    assert faster.options["rewrites"] == ["merge-mixed-depthwise", "merge-split-pointwise"]
    assert len(plan.programs) == 3


def test_targets_with_the_same_ones_share_all_stages(source: CatalogSource) -> None:
    plan = planned(source, onnx=(ONE,), ncnn=(ONE,), openvino=(ONE,))
    keys = {programs_of(plan, targets()[name])[-1].key for name in ("onnx", "ncnn", "openvino")}
    assert len(keys) == 1
    assert onnx_before_ncnn(plan) == plan.conversions["onnx"].key


def test_a_target_with_others_has_a_file_of_its_own_made_for_it(source: CatalogSource) -> None:
    plan = planned(source, onnx=(ONE, OTHER), ncnn=(OTHER,))
    assert onnx_before_ncnn(plan) != plan.conversions["onnx"].key
    alone = planned(source, onnx=(OTHER,), ncnn=(OTHER,))
    assert onnx_before_ncnn(plan) == onnx_before_ncnn(alone) == alone.conversions["onnx"].key


def test_without_any_it_is_the_plan_as_it_was(source: CatalogSource) -> None:
    plan, unwanted = planned(source), planned(source, speed=(), onnx=(ONE,), ncnn=(ONE,))
    assert {name: stage.key for name, stage in plan.conversions.items()} == {
        name: stage.key for name, stage in unwanted.conversions.items()
    }
    assert chain(unwanted, "onnx") == [REWRITER]


def test_models_and_machines_bound_a_choice(source: CatalogSource) -> None:
    here, elsewhere = SpeedChoice("merge-mixed-depthwise", "", machines=(this_machine(),)), "made-up"
    assert planned(source, onnx=(here,)).speed_rewrites("onnx") == ("merge-mixed-depthwise",)
    assert planned(source, onnx=(changed(here, machines=(elsewhere,)),)).speed_rewrites("onnx") == ()
    assert planned(source, onnx=(changed(here, models=("MixNet_L",)),)).speed_rewrites("onnx") == ()
    assert planned(source, onnx=(changed(here, models=("*_S",)),)).speed_rewrites("onnx") != ()


def test_those_of_another_machine_are_chosen_for_it_whatever_this_one_is(source: CatalogSource) -> None:
    x86, arm = changed(ONE, machines=("x86_64",)), changed(OTHER, machines=("aarch64", "armv7"))
    found = {name: planned(source, machine=name, ncnn=(x86, arm)) for name in ("x86_64", "aarch64", "armv7", "wasm")}
    assert {name: plan.speed_rewrites("ncnn") for name, plan in found.items()} == {
        "x86_64": (ONE.name,), "aarch64": (OTHER.name,), "armv7": (OTHER.name,), "wasm": (),
    }  # fmt: skip
    assert found["aarch64"].speed_choices("ncnn") == (arm,)
    assert planned(source, machine="aarch64", speed=(OTHER.name,), ncnn=(arm,)).speed_choices("ncnn") == ()
    assert found["aarch64"].conversions["ncnn"].key == found["armv7"].conversions["ncnn"].key
    assert len({plan.conversions["ncnn"].key for plan in found.values()}) == 3


def test_the_projects_recipe_keeps_what_costs_on_arm_to_x86(source: CatalogSource) -> None:
    for machine, merged in (("x86_64", True), ("aarch64", False), ("armv7", False)):
        chosen = plan_conversion(source, [targets()["ncnn"]], machine=machine).speed_rewrites("ncnn")
        assert ("merge-mixed-depthwise" in chosen) is merged
        assert "merge-split-pointwise" in chosen


def test_without_a_machine_it_is_this_one_by_the_name_that_edgekit_has_for_it(
    source: CatalogSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm = changed(ONE, machines=("armv7",))
    assert planned(source, onnx=(arm,)).speed_rewrites("onnx") == ()
    monkeypatch.setattr("platform.machine", lambda: "armv7l")
    assert planned(source, onnx=(arm,)).speed_rewrites("onnx") == (ONE.name,)
