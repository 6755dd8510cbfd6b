"""Passes of photos through a model: each photo once, on all lanes, and what goes wrong stays one sentence."""

import io
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgekit.artifact.manifest import TensorSpec
from edgekit.errors import ConversionError, UsageError
from edgekit.evaluate import passes
from edgekit.evaluate.dataset import Photo
from edgekit.evaluate.feeding import Album, Feeder
from edgekit.evaluate.output_log import OutputLog
from edgekit.evaluate.passes import Pass, run_pass
from edgekit.evaluate.subject import Subject
from edgekit.inputs.images import decode_image
from edgekit.inputs.prepare import preprocess
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.store import StageStore
from edgekit.toolchain.worker import Toolchain

SPEC = Preprocessing(resize_short=12, crop=8)


def picture(index: int) -> bytes:
    """A small photo, like no other."""
    stream = io.BytesIO()
    levels = np.random.Generator(np.random.PCG64(index)).integers(0, 256, (16, 20, 3), np.uint8)
    Image.fromarray(levels).save(stream, "PNG")
    return stream.getvalue()


def photo(name: str, content: bytes) -> Photo:
    return Photo(name, None, lambda: content, lambda: len(content))


def photos_of(contents: list[bytes]) -> list[Photo]:
    return [photo(f"{index}.png", content) for index, content in enumerate(contents)]


def subject(batch: int = 1) -> Subject:
    return Subject(
        name="fake", title="Fake FP32", worker="onnx/run.py", inputs={}, options={}, batch=batch, input_name="x",
        output=TensorSpec("y", "y", (batch, 3), "float32"), width=3, preprocessing=SPEC, levels=False,
        memory_bytes=1 << 20, precision="fp32",
    )  # fmt: skip


class FakeRunner:
    """Gives each channel's mean. Counts the samples of each call, and fails at a call of its own number."""

    calls: list[int]
    fails_at: int | None

    def __init__(self, *_: object) -> None:
        self.cancelled = threading.Event()

    def run(self, tensors: Path, filled: int) -> tuple[np.ndarray, float]:
        FakeRunner.calls.append(filled)
        if FakeRunner.fails_at is not None and len(FakeRunner.calls) >= FakeRunner.fails_at:
            raise ConversionError("Fake FP32: it crashed (SIGSEGV)")
        return np.load(tensors)[:filled].mean(axis=(2, 3)), 0.001

    def cancel(self) -> None:
        self.cancelled.set()

    def close(self) -> None:
        pass


@pytest.fixture
def executor(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Executor:
    monkeypatch.setattr(passes, "StayingRunner", FakeRunner)
    FakeRunner.calls, FakeRunner.fails_at = [], None
    return Executor(StageStore(cache / "stages"), Toolchain(cache), cores=3)


def passed(album: Album, log: OutputLog, executor: Executor, batch: int = 1) -> Pass:
    seen: list[Pass] = []
    state = run_pass(subject(batch), album, log, executor, lambda _, one: seen.append(one))
    assert seen[-1].seconds > 0 and all(one.done <= one.total for one in seen)
    return state


@pytest.mark.parametrize("batch", [1, 4])
def test_every_photo_is_run_once_and_gets_its_own_values(batch: int, executor: Executor, tmp_path: Path) -> None:
    contents = [picture(index) for index in range(37)]
    album, log = Album(photos_of(contents)), OutputLog(tmp_path / "log", 3)
    state = passed(album, log, executor, batch)
    assert (state.ran, state.known, state.unread, state.done) == (37, 0, 0, 37)
    assert 1 <= state.lanes <= 3
    assert all(filled % batch == 0 for filled in FakeRunner.calls)
    hashes = [sha256 for sha256 in album.hashes if sha256 is not None]
    expected = [preprocess(decode_image(content, "x"), SPEC).mean(axis=(1, 2)) for content in contents]
    assert np.allclose(log.values(hashes), expected, atol=1e-6)

    FakeRunner.calls.clear()
    again = passed(Album(photos_of([*contents, picture(99)])), log, executor, batch)
    assert (again.ran, again.known) == (1, 37) and FakeRunner.calls == [batch]
    log.close()


def test_photos_that_cannot_be_read_are_named_and_start_nothing(executor: Executor, tmp_path: Path) -> None:
    small = io.BytesIO()
    Image.new("F", (9, 9)).save(small, "TIFF")
    album = Album(photos_of([b"no photo", picture(1), b"", small.getvalue(), picture(1)]))
    log = OutputLog(tmp_path / "log", 3)
    state = passed(album, log, executor)
    assert (state.ran, state.known, state.unread) == (1, 1, 3)  # the last one is the second one's twin
    assert sorted(album.errors) == [0, 2, 3]
    assert album.errors[0] == "0.png is not an image that Pillow can read"
    FakeRunner.calls.clear()
    again = passed(Album(photos_of([b"no photo", picture(1)])), log, executor)
    assert (again.ran, again.known, again.unread) == (0, 1, 1) and FakeRunner.calls == []
    log.close()


def test_the_twins_of_a_photo_that_cannot_be_read_are_named_too(executor: Executor, tmp_path: Path) -> None:
    album, log = Album(photos_of([b"", picture(1), b"", b""])), OutputLog(tmp_path / "log", 3)
    state = passed(album, log, executor)
    assert (state.ran, state.known, state.unread) == (1, 0, 3) and sorted(album.errors) == [0, 2, 3]
    log.close()


def test_a_name_that_is_not_utf8_is_one(executor: Executor, tmp_path: Path) -> None:
    album = Album([photo("a\udcff.png", picture(1)), photo("b\udcff.png", b"")])
    log = OutputLog(tmp_path / "log", 3)
    state = passed(album, log, executor)
    assert (state.ran, state.unread) == (1, 1) and album.errors[1] == "b?.png is not an image that Pillow can read"
    log.close()


def test_a_photo_that_the_model_was_calibrated_on_is_refused(executor: Executor, tmp_path: Path) -> None:
    import hashlib

    content = picture(5)
    forbidden = {hashlib.sha256(content).hexdigest(): "openvino-int8 was calibrated on it (as cat.png)"}
    album, log = Album(photos_of([picture(4), content]), forbidden), OutputLog(tmp_path / "log", 3)
    with pytest.raises(UsageError, match=r"1\.png is to be used to evaluate, and openvino-int8 was calibrated on it"):
        passed(album, log, executor)
    log.close()


def test_what_a_runner_ends_with_is_raised_and_what_was_done_stays(executor: Executor, tmp_path: Path) -> None:
    FakeRunner.fails_at = 4
    album, log = Album(photos_of([picture(index) for index in range(60)])), OutputLog(tmp_path / "log", 3)
    with pytest.raises(ConversionError, match="it crashed"):
        passed(album, log, executor)
    assert 3 <= len(log) < 60
    FakeRunner.fails_at = None
    state = passed(Album(album.photos), log, executor)
    assert state.known >= 3 and state.ran + state.known == 60
    log.close()


def test_a_decoder_that_crashes_is_one_sentence(executor: Executor, tmp_path: Path, monkeypatch) -> None:
    from edgekit.evaluate.preparing import Preparer

    def killed(self: Preparer, *_: object) -> object:
        self._process.kill()
        self._process.wait()
        return prepare(self, [("x.png", b"")], 1)

    prepare = Preparer.prepare
    monkeypatch.setattr(Preparer, "prepare", killed)
    log = OutputLog(tmp_path / "log", 3)
    with pytest.raises(ConversionError, match="the process that prepares photos has ended"):
        passed(Album(photos_of([picture(1)])), log, executor)
    log.close()


def test_a_feeder_gives_to_threads_what_nobody_else_gets(tmp_path: Path) -> None:
    album, log = Album(photos_of([picture(index) for index in range(50)])), OutputLog(tmp_path / "log", 3)
    feeder, given, lock = Feeder(album, log), [], threading.Lock()

    def take() -> None:
        while (piece := feeder.next(3)) is not None:
            with lock:
                given.extend(piece.places)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == list(range(50))
    log.close()


def test_the_time_left_is_that_of_what_was_run() -> None:
    import time

    state = Pass(total=100, ran=30, known=20, first=time.monotonic() - 10, at_first=10)
    assert state.seconds_left() == pytest.approx(10 / 20 * 50, rel=0.01)
    assert Pass(total=100, ran=10, first=time.monotonic(), at_first=10).seconds_left() is None


def test_on_a_device_each_piece_is_a_stage_that_is_forgotten(
    executor: Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from types import SimpleNamespace

    from safetensors.numpy import load_file, save_file

    from edgekit.evaluate import runner as runners
    from edgekit.evaluate.runner import StageRunner

    stages: list[SimpleNamespace] = []

    def stage(target, variant, about, files, fed, options, **more) -> SimpleNamespace:
        made = SimpleNamespace(fed=fed, about=about, timed=more["timed"], kept=True)
        stages.append(made)
        return made

    def run(wanted: list[SimpleNamespace]) -> SimpleNamespace:
        folder = tmp_path / f"stage{len(stages)}"
        folder.mkdir()
        tensors = load_file(wanted[0].fed.path)["x"]
        save_file({"y": tensors.mean(axis=(2, 3)), "other": tensors}, folder / "outputs.safetensors")
        return SimpleNamespace(result=lambda _: SimpleNamespace(folder=folder, seconds=1.5))

    monkeypatch.setattr(runners, "run_stage", stage)
    device = SimpleNamespace(run=run, store=SimpleNamespace(forget=lambda one: setattr(one, "kept", False)))
    manifest = SimpleNamespace(target="onnx", model=SimpleNamespace(name="M"))
    artifact = SimpleNamespace(manifest=manifest, by_role=dict)
    fake = SimpleNamespace(**{**vars(subject()), "artifact": artifact, "variant": object()})
    runner = StageRunner(fake, device, tmp_path)  # type: ignore[arg-type]
    values = np.random.default_rng(1).random((5, 3, 8, 8)).astype(np.float32)
    np.save(tmp_path / "in.npy", values)
    outputs, seconds = runner.run(tmp_path / "in.npy", 4)
    assert np.allclose(outputs, values[:4].mean(axis=(2, 3))) and seconds == 1.5
    assert [(one.about, one.timed, one.kept) for one in stages] == [("M, 4 photos", False, False)]


def test_what_models_were_calibrated_on_is_taken_from_their_manifests() -> None:
    from types import SimpleNamespace

    from edgekit.evaluate.evaluate import calibrated

    def artifact(name: str, photos: dict[str, str] | None) -> SimpleNamespace:
        record = None if photos is None else SimpleNamespace(photos=photos)
        return SimpleNamespace(folder=Path("/out/M") / name, manifest=SimpleNamespace(calibration=record))

    artifacts = [artifact("onnx", None), artifact("onnx-int8", {"cat.png": "ab" * 32, "odd": "no hash"})]
    found = calibrated(artifacts)  # type: ignore[arg-type]
    assert found["ab" * 32] == "onnx-int8 was calibrated on it (as cat.png)" and len(found) == 2
