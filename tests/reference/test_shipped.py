"""The suite of bundles that the project ships: whole, small, and honest about being a CPU's."""

from pathlib import Path

import pytest

from conftest import Converted, Edgekit
from edgekit.catalog import load_catalog
from edgekit.inputs.golden import bundled_photos, golden_inputs
from edgekit.reference.bundle import checked_bundle
from edgekit.reference.store import SHIPPED

BUNDLES = sorted(SHIPPED.glob("*.safetensors"))


def test_every_family_has_one() -> None:
    descriptions = [checked_bundle(path)[0].description for path in BUNDLES]
    catalog = load_catalog()
    assert {said.model.family for said in descriptions} == {model.family for model in catalog.models}
    for said in descriptions:
        model = catalog.find(said.model.name)
        assert (said.model.family, said.model.architecture) == (model.family, model.architecture.name)


@pytest.mark.parametrize("path", BUNDLES, ids=lambda path: path.name)
def test_each_is_whole_small_and_a_cpus(path: Path) -> None:
    bundle, content = checked_bundle(path)
    said = bundle.description
    assert len(content) < 50_000
    assert not said.is_gpu
    assert said.arithmetic.is_fp32
    assert said.backend.name == "paddle-cpu"
    assert {one.exactness for one in said.measured.values()} == {"fp32"}
    assert said.inputs.photos == tuple(photo.sha256 for photo in bundled_photos())


@pytest.mark.parametrize("path", [path for path in BUNDLES if "demo" in path.name or "ResNet" in path.name])
def test_the_recipe_in_a_bundle_remakes_its_inputs(path: Path) -> None:
    part = checked_bundle(path)[0].description.inputs
    (name,) = part.shapes
    remade = golden_inputs(part.preprocessing, name, photos=len(part.photos), synthetic=part.synthetic, seed=part.seed)
    assert remade.samples_sha256 == part.samples_sha256
    assert (remade.labels, remade.kinds) == (part.labels, part.kinds)


@pytest.mark.toolchain
def test_the_demo_bundle_judges_what_is_converted_here(edgekit: Edgekit, mixnet: Converted) -> None:
    """Recorded on another machine, and of the same weights, program and inputs."""
    answer = edgekit("verify", "MixNet_S", "--out", mixnet.out, "--reference", "MixNet_S_demo")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "Judged against Paddle Inference 2.6.2 on" in " ".join(answer.stdout.split())
