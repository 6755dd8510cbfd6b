"""The store: what is shipped, what was imported, and nothing else."""

from pathlib import Path

import pytest
from msgspec.structs import replace

import edgekit.reference.store as store
from edgekit.errors import UsageError
from edgekit.reference.description import ModelPart
from tests.reference.making import CLASSES, Network, described, written

LOGITS = Network.of(0).run("fp32")


@pytest.fixture(autouse=True)
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shipped"
    monkeypatch.setattr(store, "SHIPPED", folder)
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_import_checks_and_copies_under_a_name_of_its_own(tmp_path: Path, cache: Path) -> None:
    file = written(tmp_path / "from a friend.safetensors", LOGITS).path
    bundle, new = store.import_bundle(file, cache)
    assert new
    assert bundle.path.parent == cache / "references"
    assert bundle.name.startswith("Net_synthetic-0_64px_batch-1_onnxruntime-cuda_Test-GPU_")
    assert bundle.path.read_bytes() == file.read_bytes()
    assert [one.name for one in store.bundles(cache)] == [bundle.name]
    again, new = store.import_bundle(file, cache)
    assert (again.path, new) == (bundle.path, False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "from a friend.safetensors"]


def test_nothing_of_a_bad_bundle_is_kept(tmp_path: Path, cache: Path) -> None:
    file = written(tmp_path / "x.safetensors", LOGITS).path
    file.write_bytes(file.read_bytes()[:-1] + b"\0")
    with pytest.raises(UsageError, match=r"changed|whole"):
        store.import_bundle(file, cache)
    assert not cache.exists()


def test_two_recordings_of_one_model_are_both_kept(tmp_path: Path, cache: Path) -> None:
    for index, arithmetic in enumerate(("fp32", "fp32-reversed")):
        store.import_bundle(written(tmp_path / f"{index}.safetensors", Network.of(0).run(arithmetic)).path, cache)
    assert len(store.bundles(cache)) == 2


def test_shipped_bundles_come_first_and_are_not_imported_again(tmp_path: Path, cache: Path, shipped: Path) -> None:
    shipped.mkdir()
    written(shipped / "z.safetensors", LOGITS)
    other = written(tmp_path / "other.safetensors", Network.of(1).run("fp32")).path
    store.import_bundle(other, cache)
    found = list(store.stored(cache))
    assert [(one.shipped, one.path.parent.name) for one in found] == [(True, "shipped"), (False, "references")]
    _, new = store.import_bundle(shipped / "z.safetensors", cache)
    assert not new


def test_a_damaged_file_in_the_store_is_shown_and_not_used(cache: Path) -> None:
    folder = cache / "references"
    folder.mkdir(parents=True)
    (folder / "bad.safetensors").write_bytes(b"x" * 50)
    (folder / ".half-written.safetensors").write_bytes(b"x")
    (found,) = store.stored(cache)
    assert found.bundle is None
    assert "no whole safetensors file" in str(found.error)
    assert store.bundles(cache) == []


def test_a_bundle_is_found_by_file_name_and_start_of_a_name(tmp_path: Path, cache: Path) -> None:
    file = written(tmp_path / "x.safetensors", LOGITS).path
    bundle, _ = store.import_bundle(file, cache)
    assert store.find_bundle(str(file), cache).path == file
    assert store.find_bundle(bundle.name, cache).path == bundle.path
    assert store.find_bundle("Net_syn", cache).path == bundle.path
    for wrong in ("Nix", "", "../references/Net", "nowhere/x.safetensors"):
        with pytest.raises(UsageError, match="there is no reference bundle"):
            store.find_bundle(wrong, cache)
    description = replace(described({"logits": LOGITS}), model=ModelPart("Net2", "Test", "Net2", CLASSES))
    second = written(tmp_path / "y.safetensors", LOGITS, model=description.model).path
    store.import_bundle(second, cache)
    with pytest.raises(UsageError, match="Net means 2 reference bundles"):
        store.find_bundle("Net", cache)
