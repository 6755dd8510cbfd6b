"""What many tests need: caches, workers, a program to convert, and the data that stays outside the project."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

from edgekit.cache import cache_folder
from edgekit.toolchain.confinement import UNCONFINED
from edgekit.toolchain.environment import ensure_environment
from edgekit.toolchain.script import requirements_of
from edgekit.toolchain.worker import Limits, Toolchain

ROOT = Path(__file__).resolve().parent
SHARED = ROOT.parent / "shared"

# As a shell's background job, as CI may be, the tests and what they start would be deaf to Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

PATIENCE_SECONDS = 3600
"""After so long something hangs. It measures nothing: on a machine that is busy with other work all takes longer."""

RunWorker = Callable[..., tuple[dict[str, Any], Path]]


SESSION = "EDGEKIT_TESTS_SESSION"
"""The folder of one run of the tests, which those that run side by side share; in the environment, for all of them."""


def pytest_configure(config: pytest.Config) -> None:
    """Whoever starts the others makes the folder."""
    if not hasattr(config, "workerinput"):
        os.environ[SESSION] = tempfile.mkdtemp(prefix="edgekit-tests-")
        new_cache(Path(os.environ[SESSION]) / "cache", kept=("sources", "stages/native/ncnn_library"))


def pytest_unconfigure(config: pytest.Config) -> None:
    """And takes it away: converted models take gigabytes."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(SESSION), ignore_errors=True)


def new_cache(folder: Path, kept: tuple[str, ...] = ()) -> Path:
    """An empty cache that shares only toolchains and emulated machines with the user's, which take minutes to make.

    So do the parts `kept`.
    """
    for name in ("environments", "devices", *kept):
        shared, link = cache_folder() / name, folder / name
        shared.mkdir(parents=True, exist_ok=True)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(shared, target_is_directory=True)
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own, which edgekit uses for its length."""
    folder = new_cache(tmp_path / "cache")
    monkeypatch.setenv("EDGEKIT_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def session_cache() -> Path:
    """A cache that starts empty but for built inference libraries, and is shared by the tests of one run.

    Those take a minute and more each, and their keys hold all that they are made of: they stay in the user's cache.
    """
    return Path(os.environ[SESSION]) / "cache"


@pytest.fixture(scope="session")
def run_worker(session_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> RunWorker:
    """Runs a worker such as `lite/convert.py`; returns its details and its output folder.

    Raises what the toolchain raises: errors with `message` and `remedy`.
    """
    toolchain = Toolchain(session_cache)

    def run(worker: str, inputs: dict[str, Path], options: dict[str, Any]) -> tuple[dict[str, Any], Path]:
        scratch = tmp_path_factory.mktemp(worker.replace("/", "-").removesuffix(".py"))
        output = scratch / "output"
        output.mkdir()
        result = toolchain.run(
            worker, inputs, output, options, scratch=scratch, limits=Limits(seconds=PATIENCE_SECONDS)
        )
        return result.details, output

    return run


@pytest.fixture(scope="session")
def mixnet_program(run_worker: RunWorker) -> Path:
    """The program of MixNet_S with the bundled demo weights: 10 classes, 64 px, batch 1, output `logits`."""
    from edgekit.catalog import load_catalog
    from edgekit.weights.demo import demo_weights

    model, demo = load_catalog().find("MixNet_S"), demo_weights("MixNet_S")
    assert demo is not None
    options = {"architecture": model.architecture.as_option(), "input_size": 64, "batch": 1}
    _, output = run_worker("paddle/export.py", {"weights": demo.path}, options)
    return output


@pytest.fixture(scope="session")
def foreign_models(session_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small models that Paddle exported (see tests/foreign_models.py). Copy before you change one."""
    worker = ROOT / "converters" / "paddle" / "adopt.py"
    python = ensure_environment(requirements_of(worker), session_cache, print)
    folder = tmp_path_factory.mktemp("foreign")
    script = [str(python), str(ROOT / "tests" / "foreign_models.py"), str(folder)]
    answer = subprocess.run(script, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert answer.returncode == 0, answer.stderr
    return folder


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with photos and weights that may not be copied into the project; skips where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the folder ../shared with photos and weights of other licences is not here")
    return SHARED


def lacking(reason: str) -> NoReturn:
    """What a test needs is not here: in CI it fails, elsewhere it skips."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """What a test is marked to need is looked for before its fixtures are made."""
    needed = dict.fromkeys(program for mark in item.iter_markers("needs") for program in mark.args)
    if missing := [program for program in needed if shutil.which(program) is None]:
        lacking(f"{', '.join(missing)}: not here (.ci/packages names Debian's packages)")


@pytest.fixture
def free_copy(tmp_path: Path) -> Callable[[Path], Path]:
    """Copies a folder into this test's own, to be damaged."""

    def copy(folder: Path) -> Path:
        target = tmp_path / f"copy-of-{folder.name}"
        shutil.copytree(folder, target)
        return target

    return copy


@pytest.fixture
def fake_worker(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Puts `fake/work.py` (see fake_worker.py) in the place of the real converters; returns their folder.

    Its environment is real, and its head asks for one small package.
    """
    import edgekit.bundled
    from edgekit.pipeline.stage import worker_source_digest

    converters = tmp_path / "project" / "converters"
    (converters / "fake").mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "fake_worker.py", converters / "fake" / "work.py")
    (converters / "lib").symlink_to(ROOT / "converters" / "lib")
    monkeypatch.setattr(edgekit.bundled, "PACKAGE", tmp_path / "project" / "edgekit")
    worker_source_digest.cache_clear()
    return converters


@pytest.fixture
def unconfined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets workers write anywhere: for fakes that tell the test what they do, by files outside their folders."""
    monkeypatch.setenv(UNCONFINED, "1")


Edgekit = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def edgekit(session_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Edgekit:
    """Runs the command line as a user would, from a folder that is not the checkout, on the session's cache."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")

    def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "edgekit", *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=elsewhere,
            env={**os.environ, "EDGEKIT_CACHE": str(session_cache), "COLUMNS": "80", **environment},
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    return run


@dataclass(frozen=True)
class Converted:
    """A model converted and verified by the command line: the output folder, and the JSON it printed."""

    out: Path
    document: dict[str, Any]

    def check(self, target: str, variant: str = "") -> dict[str, Any]:
        """What was printed of one variant."""
        return next(one for one in self.document["checks"] if (one["target"], one["variant"]) == (target, variant))


@pytest.fixture(scope="session")
def converted_mixnet(edgekit: Edgekit, tmp_path_factory: pytest.TempPathFactory) -> Converted:
    """MixNet_S with its bundled weights on all targets; nobody writes in it."""
    out = tmp_path_factory.mktemp("mixnet")
    answer = edgekit("convert", "MixNet_S", "-w", "demo", "-t", "all", "--verify", "--json", "--out", out)
    assert answer.returncode == 0, answer.stderr
    return Converted(out, json.loads(answer.stdout))


@pytest.fixture(scope="module")
def mixnet(converted_mixnet: Converted, tmp_path_factory: pytest.TempPathFactory) -> Converted:
    """`converted_mixnet`, copied for one file of tests: a verification writes its verdict into the manifests."""
    out = tmp_path_factory.mktemp("mixnet_copy")
    shutil.copytree(converted_mixnet.out, out, dirs_exist_ok=True)
    return Converted(out, converted_mixnet.document)
