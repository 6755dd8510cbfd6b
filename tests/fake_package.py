"""edgekit's package with converters that are all fake, for tests of what lies above them."""

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

import edgekit.bundled
from conftest import ROOT
from edgekit.pipeline.stage import worker_source_digest
from edgekit.pipeline.target import targets

DESCRIPTION = """
title = "{title}"
summary = "A fake."
source = "program"
{first}
[files]
"model.{name}" = "{{model}}.{name}"

[[variants]]
name = ""
worker = "run.py"
inputs = {{ model = "model.{name}" }}
{more}"""


def described(name: str, title: str, first: str = "", more: str = "") -> str:
    """A target's `target.toml`: `first` stands among its own keys, `more` behind its sections."""
    return DESCRIPTION.format(name=name, title=title, first=first, more=more)


@contextmanager
def fake_package(
    root: Path,
    worker: Path,
    roles: Mapping[str, Sequence[str]],
    descriptions: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """The package below `root`, in the place of edgekit's own: `worker` plays all `roles` (folder -> verbs).

    Gives the folder in which `FAKE_CALLS` has the workers note their calls.
    """
    for target, verbs in roles.items():
        (root / "converters" / target).mkdir(parents=True)
        for verb in verbs:
            shutil.copy(worker, root / "converters" / target / f"{verb}.py")
    for target, text in descriptions.items():
        (root / "converters" / target / "target.toml").write_text(text)
    (root / "converters" / "lib").symlink_to(ROOT / "converters" / "lib")
    shutil.copytree(ROOT / "recipes", root / "recipes")
    for path in (root / "recipes").glob("*.toml"):
        # What the real recipes say of real programs and targets is not these tests'.
        sections = re.split(r"(?m)^(?=\[)", path.read_text())
        path.write_text("".join(one for one in sections if not re.match(r"\[\[?(?:program|targets)\.", one)))
    default = root / "recipes" / "default.toml"
    default.write_text(default.read_text() + "[targets]\n")
    calls = root.with_name("calls")
    calls.mkdir()
    monkeypatch.setattr(edgekit.bundled, "PACKAGE", root / "edgekit")
    monkeypatch.setenv("FAKE_CALLS", str(calls))
    for remembered in (worker_source_digest, targets):
        remembered.cache_clear()
    yield calls
    for remembered in (worker_source_digest, targets):
        remembered.cache_clear()
