"""What the parts of an evaluation need goes into the shared store, and comes out of it as it was judged."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from conftest import new_cache
from edgekit.artifact.load import Artifact, load_artifact
from edgekit.artifact.manifest import FILE, StageRecord
from edgekit.artifact.write import write_artifact
from edgekit.cache.record import write_record
from edgekit.cluster import shared_store
from edgekit.cluster.evaluation import sent_artifact, sent_program
from edgekit.cluster.evaluation_task import artifact_here
from edgekit.cluster.parcel import SentStage, received
from edgekit.cluster.shared_store import SharedStore
from edgekit.cluster.sharing_store import SharingStore
from edgekit.errors import AbsentError, ConversionError
from edgekit.filesystem.hashing import file_sha256
from edgekit.pipeline.store import FileFacts, MadeStage
from tests.artifact.test_artifact import manifest_of

KEY = "1" * 64


def machine(folder: Path, name: str) -> SharingStore:
    return SharingStore(new_cache(folder / name) / "stages", shared=SharedStore((folder / "shared").as_uri()))


@pytest.fixture
def artifact(cache: Path, tmp_path: Path) -> Artifact:
    source = tmp_path / "model.onnx"
    source.write_bytes(b"weights" * 1000)
    folder = tmp_path / "out" / "M" / "onnx"
    made = StageRecord("paddle/export.py", KEY, {}, 1.0)
    write_artifact(folder, {"M.onnx": source}, replace(manifest_of(source), stages=(made,)))
    return load_artifact(folder)


def test_an_artifact_arrives_whole_and_is_hashed_once(
    artifact: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    monkeypatch.setattr(shared_store, "file_sha256", lambda path: hashed.append(path.name) or file_sha256(path))
    sent = sent_artifact(artifact, machine(tmp_path, "one"))
    assert [one.name for one in sent] == [FILE, "M.onnx"] and hashed == [FILE]
    two = machine(tmp_path, "two")
    for _ in range(2):
        arrived = artifact_here("onnx-fp32", sent, two)
        assert arrived.manifest == artifact.manifest and arrived.folder.is_relative_to(two.cache)
        assert (arrived.folder / "M.onnx").read_bytes() == b"weights" * 1000


def test_an_artifact_that_was_changed_since_it_was_read_is_not_taken_for_it(artifact: Artifact, tmp_path: Path) -> None:
    (artifact.folder / "M.onnx").write_bytes(b"WEIGHTS" * 1000)
    sent = sent_artifact(artifact, machine(tmp_path, "one"))
    with pytest.raises(ConversionError, match=r"M\.onnx has gone from .*, or was damaged there"):
        artifact_here("onnx-fp32", sent, machine(tmp_path, "two"))


def test_the_program_is_whosever_has_it(artifact: Artifact, tmp_path: Path) -> None:
    one, two = machine(tmp_path, "one"), machine(tmp_path, "two")
    with pytest.raises(AbsentError, match=r"the program that .* was made from is no longer in the cache"):
        sent_program(artifact.manifest, one)
    folder = one.root / "paddle" / "export" / KEY
    folder.mkdir(parents=True)
    for name in ("program.json", "worker.log"):
        (folder / name).write_text(name)
    facts = FileFacts(file_sha256(folder / "program.json"), len("program.json"))
    write_record(folder / "stage.json", MadeStage(KEY, "paddle/export.py", {"program.json": facts}, {}, {}, 1, 1, 1))
    assert sent_program(artifact.manifest, one) == SentStage("paddle/export", KEY)
    # Whoever evaluates next need not have it, nor fetch it.
    assert sent_program(artifact.manifest, two) == SentStage("paddle/export", KEY)
    assert not (two.root / "paddle").exists()
    assert (received(SentStage("paddle/export", KEY), two) / "program.json").read_text() == "program.json"
