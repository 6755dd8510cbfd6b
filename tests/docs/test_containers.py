"""The Dockerfile and the development container: the script that tries their steps understands all of them."""

import json
import re
from pathlib import Path

import pytest

from conftest import ROOT
from tools.clean_root import CleanRoot, instructions

DOCKERFILES = (ROOT / "Dockerfile", ROOT / ".devcontainer" / "Dockerfile")


class Noted(CleanRoot):
    """Notes what would be run."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.said: list[str] = []

    def make(self, image: str) -> None:
        self.said.append(f"debian {image}")

    def run(self, command: str) -> None:
        self.said.append(command)

    def copy_checkout(self, place: str) -> None:
        self.said.append(f"checkout to {place}")


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=["edgekit", "devcontainer"])
def test_the_script_follows_every_step(dockerfile: Path, tmp_path: Path) -> None:
    root = Noted(tmp_path)
    root.follow(dockerfile)
    words = [word for word, _ in instructions(dockerfile)]
    assert words[0] == "FROM"
    assert len(root.said) == sum(word in ("FROM", "RUN", "COPY") for word in words)
    if dockerfile == DOCKERFILES[0]:
        assert root.said[-2:] == ["checkout to /source", root.said[-1]]
        assert (root.place, root.variables["EDGEKIT_CACHE"]) == ("/work", "/cache")
        assert (tmp_path / "work").is_dir()


def test_what_it_does_not_understand_ends_it(tmp_path: Path) -> None:
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text("# a remark\nFROM debian:bookworm\nRUN one \\\n  two\nADD https://example.org/x /x\n")
    assert list(instructions(dockerfile))[1] == ("RUN", "one    two")
    with pytest.raises(SystemExit, match=r"says ADD .* which this script does not understand"):
        Noted(tmp_path).follow(dockerfile)


def test_the_development_container_installs_what_ci_does() -> None:
    described = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    assert described["postCreateCommand"] == "bash .ci/packages && make .venv/installed"
    assert "bash .ci/packages" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.search(
        r"^ENVIRONMENT := \.venv/installed$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )


def test_nothing_of_this_machine_is_written_through_a_link(tmp_path: Path) -> None:
    """In the root an absolute link means the root's file; seen from here it is this machine's."""
    ours, folder = tmp_path / "ours", tmp_path / "settings"
    folder.mkdir()
    (folder / "one").write_text("new")
    ours.write_text("old")
    root = Noted(tmp_path / "root")
    there = root.folder / folder.relative_to("/")
    there.mkdir(parents=True)
    (there / "one").symlink_to(ours)
    root.bring(folder)
    root.bring(folder / "one")
    assert (ours.read_text(), (there / "one").read_text()) == ("old", "new")
    assert not (there / "one").is_symlink()
