"""What is evicted: the oldest first, nothing in use, and nothing beyond a link."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgekit.cache.contents import Kind, contents, links, total_bytes
from edgekit.cache.evict import clear, keep_within_bound, prune
from edgekit.cache.kept import kept_file
from edgekit.cache.lock import locked
from edgekit.cache.session import in_use, running_since

DAY = 86400


def put(folder: Path, days: float, size: int = 100_000) -> Path:
    """A stage's output of some size that was used so many days ago."""
    folder.mkdir(parents=True)
    (folder / "out.bin").write_bytes(os.urandom(size))
    used = time.time() - days * DAY
    os.utime(folder, (used, used))
    return folder


@pytest.fixture
def stages(tmp_path: Path) -> list[Path]:
    """Three outputs, used 1, 10 and 100 days ago."""
    root = tmp_path / "stages" / "tool" / "verb"
    return [put(root / name, days) for name, days in (("new", 1), ("old", 10), ("older", 100))]


def kinds(cache: Path) -> set[Kind]:
    return {entry.kind for entry in contents(cache)}


def test_by_age(tmp_path: Path, stages: list[Path]) -> None:
    done = prune(tmp_path, keep_days=30)
    assert [one.path for one in done.removed] == [stages[2]]
    assert [path.exists() for path in stages] == [True, True, False]
    assert done.freed >= 100_000


def test_by_size_the_least_recently_used_goes_first(tmp_path: Path, stages: list[Path]) -> None:
    each = total_bytes(contents(tmp_path)) // 3
    done = prune(tmp_path, max_bytes=2 * each)
    assert [one.path for one in done.removed] == [stages[2]]
    prune(tmp_path, max_bytes=0)
    assert not any(path.exists() for path in stages)
    assert not list(stages[0].parent.glob(".*"))


def test_a_file_with_two_names_counts_once(tmp_path: Path, stages: list[Path]) -> None:
    """The rewritten program's parameters are the program's own file."""
    before = total_bytes(contents(tmp_path))
    os.link(stages[0] / "out.bin", stages[1] / "linked.bin")
    assert total_bytes(contents(tmp_path)) == before
    used = time.time() - 10 * DAY
    os.utime(stages[1], (used, used))
    done = prune(tmp_path, keep_days=5)
    assert {one.path for one in done.removed} == set(stages[1:])
    assert done.freed < before * 0.7
    assert (stages[0] / "out.bin").exists()


def test_what_a_running_edgekit_has_used_stays(tmp_path: Path, stages: list[Path]) -> None:
    with in_use(tmp_path):
        os.utime(stages[1])  # as `find` marks it
        done = prune(tmp_path, max_bytes=0)
        assert done.in_use == 1
        assert [path.exists() for path in stages] == [False, True, False]
    assert prune(tmp_path, max_bytes=0).in_use == 0
    assert not stages[1].exists()


def test_what_is_being_made_stays(tmp_path: Path, stages: list[Path]) -> None:
    scratch = stages[0].parent / ".new.123-abc"
    scratch.mkdir()
    with locked(stages[0].with_suffix(".lock")):
        assert clear(tmp_path, {"stages", "leftovers"}).in_use == 2
        assert scratch.exists()
    assert stages[0].exists()
    clear(tmp_path, {"stages", "leftovers"})
    assert not scratch.exists()


@pytest.fixture
def other_process(tmp_path: Path) -> Iterator[subprocess.Popen]:
    """Another edgekit that uses the cache."""
    code = (
        "import sys, time; from pathlib import Path; from edgekit.cache.session import in_use\n"
        "with in_use(Path(sys.argv[1])): print('ready', flush=True); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.wait()


def test_one_that_was_killed_uses_nothing_any_more(tmp_path: Path, other_process: subprocess.Popen) -> None:
    assert running_since(tmp_path) is not None
    other_process.kill()
    other_process.wait()
    assert running_since(tmp_path) is None
    assert not list((tmp_path / "locks" / "sessions").iterdir())


def test_toolchains_stay_while_somebody_runs(tmp_path: Path, other_process: subprocess.Popen) -> None:
    folder = tmp_path / "environments" / "tool-123"
    put(folder, 100)
    assert clear(tmp_path, {"environments"}).in_use == 1
    assert prune(tmp_path, keep_days=1, unused=lambda _: True).in_use == 1
    other_process.kill()
    other_process.wait()
    assert prune(tmp_path, keep_days=1, unused=lambda _: False).removed == []
    assert len(prune(tmp_path, keep_days=1, unused=lambda _: True).removed) == 1
    assert not folder.exists()


@pytest.mark.parametrize("place", ["stages", "stages/tool", "stages/tool/verb", "environments", "inputs", "hashes"])
def test_links_to_folders_are_never_followed(tmp_path: Path, place: str) -> None:
    cache, mine = tmp_path / "cache", tmp_path / "mine"
    put(mine / "verb" / "key", 100)
    put(mine / "key", 100)
    (mine / "x.safetensors").write_bytes(b"mine")
    (mine / "x.json").write_bytes(b"mine")
    before = sorted(mine.rglob("*"))
    link = cache / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(mine)
    every: set[Kind] = {"stages", "inputs", "weights", "downloads", "references", "environments", "logs", "hashes"}
    assert clear(cache, every).removed == []
    prune(cache, keep_days=0, max_bytes=0, unused=lambda _: True)
    assert sorted(mine.rglob("*")) == before
    assert links(cache) == ([link] if link.parent == cache else [])


def test_a_link_inside_an_output_is_removed_and_not_followed(tmp_path: Path, stages: list[Path]) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "file").touch()
    (stages[2] / "link").symlink_to(mine)
    clear(tmp_path, {"stages"})
    assert not stages[2].exists()
    assert (mine / "file").exists()


def test_records_go_with_their_files(tmp_path: Path) -> None:
    path = tmp_path / "inputs" / "x.safetensors"
    kept_file(path, tmp_path, lambda: b"content")
    time.sleep(0.1)
    kept_file(path, tmp_path, lambda: b"content")  # now its hash is remembered
    assert kinds(tmp_path) >= {"inputs", "hashes"}
    assert clear(tmp_path, {"inputs"}).in_use == 0
    assert not kinds(tmp_path) & {"inputs", "hashes"}
    assert not list(path.parent.glob("*.json"))


def test_hashes_of_files_that_are_gone_go(tmp_path: Path) -> None:
    from edgekit.filesystem.hashes_by_stat import record_of, remembered_sha256

    for name in ("stays", "goes"):
        (tmp_path / name).write_bytes(b"content")
    time.sleep(0.1)
    for name in ("stays", "goes"):
        remembered_sha256(tmp_path / name, tmp_path)
    (tmp_path / "goes").unlink()
    prune(tmp_path)
    assert record_of(tmp_path / "stays", tmp_path).exists()
    assert not record_of(tmp_path / "goes", tmp_path).exists()


def test_the_bound_of_the_environment(tmp_path: Path, stages: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEKIT_CACHE_MAX_SIZE", "none")
    assert keep_within_bound(tmp_path).removed == []
    monkeypatch.setenv("EDGEKIT_CACHE_MAX_SIZE", "250kB")
    assert [one.path for one in keep_within_bound(tmp_path).removed] == [stages[2]]
