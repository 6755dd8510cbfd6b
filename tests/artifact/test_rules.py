"""By whose rules an artifact is judged: what its manifest brings makes a verdict stricter, never softer."""

import json
import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from conftest import Edgekit
from edgekit.artifact.load import read_manifest
from edgekit.artifact.manifest import Manifest, RecipeRecord
from edgekit.artifact.rules import ARTIFACT, PROJECT, Rules, rules_for
from edgekit.errors import UsageError
from edgekit.filesystem.hashing import file_sha256
from edgekit.parity import Tolerance, Verdict
from edgekit.recipe.load import default_recipe
from edgekit.verification.judge import with_own

USUAL, EXCUSE = default_recipe().tolerance("fp32"), default_recipe().unaccounted
LAX = Tolerance(noise_factor=1e9, max_noise=0.9, reason="everything passes")
RECIPE = '[tolerances.fp32]\nnoise_factor = 20.0\nreason = "mine"\n'


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    shutil.copy(Path(__file__).parent / "manifest_schema_1.json", tmp_path / "manifest.json")
    return read_manifest(tmp_path)


def with_tolerance(manifest: Manifest, tolerance: Tolerance) -> Manifest:
    return replace(manifest, recipe=RecipeRecord("mine.toml", "0" * 64, tolerance))


def test_without_a_recipe_they_are_edgekit_s(manifest: Manifest) -> None:
    assert rules_for(manifest) == Rules(USUAL, PROJECT, unaccounted=EXCUSE)


def test_a_recipe_that_changes_no_limit_brings_no_tolerance(manifest: Manifest) -> None:
    assert rules_for(with_tolerance(manifest, replace(USUAL, reason="the usual ones"))).whose == PROJECT


def test_what_a_manifest_brings_is_the_artifact_s_own_beside_edgekit_s(manifest: Manifest) -> None:
    assert rules_for(with_tolerance(manifest, LAX)) == Rules(USUAL, ARTIFACT, LAX, EXCUSE)


def test_the_recipe_of_the_command_judges_whatever_the_manifest_brings(manifest: Manifest, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(RECIPE)
    rules = rules_for(with_tolerance(manifest, LAX), mine)
    assert (rules.tolerance.noise_factor, rules.whose, rules.own) == (20.0, str(mine), None)
    with pytest.raises(UsageError, match="there is no recipe"):
        rules_for(manifest, tmp_path / "absent.toml")


def test_a_variant_may_have_limits_of_its_own_by_what_its_runner_found(manifest: Manifest) -> None:
    """Not by what a manifest says of itself."""
    mixnet = replace(
        manifest, target="lite", model=replace(manifest.model, family="MixNet"), build={"arithmetic": "fast"}
    )
    rules = rules_for(mixnet)
    fast = rules.tolerance_of("ARM", {"arithmetic": "fast"})
    assert fast.noise_factor == 80
    assert "divide by an estimate" in fast.reason
    for variant, found in (("ARM", {"arithmetic": "exact"}), ("ARM", {}), ("x86", {"arithmetic": "fast"})):
        assert rules.tolerance_of(variant, found) is rules.tolerance
    assert not rules_for(replace(mixnet, precision="int8")).of_variants
    assert not rules_for(replace(mixnet, target="onnx")).of_variants


def test_the_recipe_of_the_command_has_a_variant_s_limits_too(manifest: Manifest, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('[[targets.lite.tolerances]]\nvariant = "ARM"\nnoise_factor = 9.0\nreason = "mine"\n')
    rules = rules_for(replace(manifest, target="lite"), mine)
    assert rules.tolerance_of("ARM", {}).noise_factor == 9
    mine.write_text('[[targets.lite.tolerances]]\nvariant = "ARM"\nnoise_factor = 9.0\n')
    with pytest.raises(UsageError, match="needs a reason"):
        rules_for(replace(manifest, target="lite"), mine)


def test_both_must_pass() -> None:
    passed = Verdict("passed", "Paddle", "fp32")
    failed = Verdict("failed", "Paddle", "fp32", "it is off")
    assert with_own(passed, passed).passed
    lax = with_own(failed, passed)
    assert lax.status == "failed"
    assert lax.reason.startswith("it is off; the tolerance that the artifact brings")
    strict = with_own(passed, failed)
    assert strict.status == "failed"
    assert strict.reason == "by the artifact's own tolerance, stricter than edgekit's: it is off"
    assert with_own(failed, failed) == failed


@pytest.mark.toolchain
def test_verify_says_whose_rules_judge(edgekit: Edgekit, foreign_models: Path, tmp_path: Path) -> None:
    recipe, out = tmp_path / "mine.toml", tmp_path / "out"
    recipe.write_text(RECIPE)
    arguments = (foreign_models / "halves", "-t", "onnx", "--recipe", recipe, "--out", out)
    answer = edgekit("convert", *arguments, "--verify", "--json")
    assert answer.returncode == 0, answer.stderr
    assert [check["tolerance"] for check in json.loads(answer.stdout)["checks"]] == [str(recipe)]
    folder = out / "halves" / "onnx"

    answer = edgekit("verify", folder, "--json")
    assert answer.returncode == 0
    assert json.loads(answer.stdout)["checks"][0]["tolerance"] == "the artifact's own"
    assert json.loads((folder / "manifest.json").read_text())["verdicts"][0]["tolerance"] == "the artifact's own"
    assert "tolerance: the artifact's own" in edgekit("verify", folder).stdout
    assert f"Judged by the rules of {recipe}" in edgekit("verify", folder, "--recipe", recipe, COLUMNS="300").stdout

    # A stranger's artifact that is wrong, and says of itself that anything goes.
    damage(folder)
    answer = edgekit("verify", folder, "--json", "--no-diagnose")
    assert answer.returncode == 1
    (check,) = json.loads(answer.stdout)["checks"]
    assert (check["verdict"]["status"], check["tolerance"]) == ("failed", "the artifact's own")
    assert "the tolerance that the artifact brings would let it pass" in check["verdict"]["reason"]


def damage(folder: Path) -> None:
    """Change the largest weights by 2e-4, allow ten times that, and seal the manifest again."""
    import numpy as np
    import onnx
    from onnx import numpy_helper

    (path,) = folder.glob("*.onnx")
    model = onnx.load(path)
    largest = max(model.graph.initializer, key=lambda one: one.dims[0] if one.data_type == 1 else 0)
    values = numpy_helper.to_array(largest) * np.float32(1.0002)
    largest.CopyFrom(numpy_helper.from_array(values, largest.name))
    onnx.save(model, path)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][path.name].update(sha256=file_sha256(path), bytes=path.stat().st_size)
    manifest["recipe"]["tolerance"].update(floor=2e-3, reason="a thousandth is nothing")
    (folder / "manifest.json").write_text(json.dumps(manifest))
