"""Every command of the guides is run as it stands, in order; what a comment says of its end is true."""

import pickle
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from conftest import ROOT
from edgekit.weights.demo import demo_weights
from tests.docs.desk import PHOTOS, Desk, commands_of

GUIDES = ROOT / "docs" / "guides"
TESTED_ELSEWHERE = {
    "ci": "tests/docs/test_ci.py",
    "from_pytorch": "tests/docs/test_from_pytorch.py",
    **dict.fromkeys(("phone", "board", "server"), "tests/docs/test_deploy.py"),
}


def for_my_model(folder: Path, foreign_models: Path) -> None:
    shutil.copytree(foreign_models / "logits", folder / "model")
    (folder / "photos").mkdir()
    for name in ("cat", "coffee"):
        shutil.copy(PHOTOS / f"{name}.png", folder / "photos")
    demo = demo_weights("MixNet_S")
    assert demo is not None
    trained = {name: array.astype(np.float32) for name, array in load_file(demo.path).items()}
    (folder / "output").mkdir()
    (folder / "output" / "best_model.pdparams").write_bytes(pickle.dumps(trained, 2))
    (folder / "classes.txt").write_text("".join(f"class {number}\n" for number in range(10)))


def for_int8(folder: Path, _: Path) -> None:
    (folder / "dataset").mkdir()
    for label, photo in (("cat", "cat"), ("ship", "rocket")):
        (folder / "dataset" / label).mkdir()
        shutil.copy(PHOTOS / f"{photo}.png", folder / "dataset" / label)


def for_failed_verdict(folder: Path, _: Path) -> None:
    (recipe,) = re.findall(r"```toml\n(.*?)```", (GUIDES / "failed_verdict.md").read_text(encoding="utf-8"), re.DOTALL)
    (folder / "as_the_tools_are.toml").write_text(recipe)


PREPARED: dict[str, Callable[[Path, Path], None]] = {
    "first_model": lambda *_: None,
    "my_model": for_my_model,
    "int8": for_int8,
    "failed_verdict": for_failed_verdict,
}


def test_every_guide_is_run_somewhere() -> None:
    names = {path.stem for path in GUIDES.glob("*.md")}
    assert names == {*PREPARED, *TESTED_ELSEWHERE}
    assert all(commands_of(f"guides/{name}.md") for name in names)
    for name, file in TESTED_ELSEWHERE.items():
        assert f"{name}.md" in (ROOT / file).read_text(encoding="utf-8")


def test_chinese_guides_have_the_same_commands() -> None:
    names = {path.stem for path in GUIDES.glob("*.md")}
    assert {path.stem for path in (GUIDES / "zh").glob("*.md")} == names
    assert all(commands_of(f"guides/zh/{name}.md") == commands_of(f"guides/{name}.md") for name in names)


@pytest.mark.toolchain
@pytest.mark.parametrize("guide", PREPARED)
def test_the_commands_work_in_order(guide: str, session_cache: Path, foreign_models: Path, tmp_path: Path) -> None:
    with Desk(tmp_path, session_cache, devices=False) as desk:
        PREPARED[guide](desk.folder, foreign_models)
        for line in commands_of(f"guides/{guide}.md"):
            said = desk.run(line)
            assert "explicit-pool-padding" in said or not line.startswith("edgekit diagnose")
