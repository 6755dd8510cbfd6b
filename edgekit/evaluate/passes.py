"""One pass of all photos through one model, on all cores.

Each core has a lane: a process that prepares photos beside one that runs them, both of one thread. So preparing takes
place beside running, no runtime has to scale with threads, and no two libraries fight for a core.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from edgekit.evaluate.feeding import Album, Feeder, Piece
from edgekit.evaluate.output_log import OutputLog
from edgekit.evaluate.preparing import Preparer
from edgekit.evaluate.runner import Runner, StageRunner, StayingRunner
from edgekit.evaluate.subject import Subject
from edgekit.filesystem.scratch import working_folder
from edgekit.pipeline.execute import Executor

PIECE_BYTES = 16 << 20
"""Of prepared photos in a lane at a time."""
PIECE_SECONDS = 0.4
"""About how long a piece may take: what is lost where a run is killed."""
DEVICE_PIECE = 128
"""Photos that a device gets at a time: each time it has to be reached anew."""
MEMORY_SHARE = 0.6
"""Of what is free, for all lanes together."""
WAIT_SECONDS = 0.1

Watch = Callable[[Subject, "Pass"], None]


@dataclass
class Pass:
    """How far a pass is: of `total` photos so many were `ran`, were `known` before, and are `unread`, since nobody can;
    the `lanes`, and wall time.

    `runtime_seconds` is what the runtime itself took, and `lane_seconds` what the lanes took for the same photos, with
    decoding (`decoding_seconds`) and preparing, start-up left out: all summed over the lanes.
    """

    total: int
    lanes: int = 0
    ran: int = 0
    known: int = 0
    unread: int = 0
    seconds: float = 0.0
    runtime_seconds: float = 0.0
    lane_seconds: float = 0.0
    decoding_seconds: float = 0.0
    measured: int = 0
    """The photos that these are of."""
    started: float = field(default_factory=time.monotonic)
    first: float | None = None
    """When the first piece was done: what came before was start-up."""
    at_first: int = 0

    @property
    def done(self) -> int:
        """Photos that nothing more is to be done for."""
        return self.ran + self.known + self.unread

    def seconds_left(self) -> float | None:
        """What is left, at the speed since the first piece was done; None before a second one is."""
        after = self.ran - self.at_first
        if self.first is None or after <= 0:
            return None
        return (time.monotonic() - self.first) / after * (self.total - self.done)


def lanes_for(subject: Subject, photos: int, cores: int) -> int:
    """How many lanes fit this machine: one a core, as far as the memory that is free now goes."""
    import psutil

    if subject.reached:
        return 1
    fitting = int(psutil.virtual_memory().available * MEMORY_SHARE) // max(1, subject.memory_bytes)
    return max(1, min(cores, fitting, photos))


def run_pass(subject: Subject, album: Album, log: OutputLog, executor: Executor, watch: Watch) -> Pass:
    """Run every photo of the album that `log` lacks, and put what the model gives for it there.

    `watch` is told after every piece. Raises what a runner ends with, UsageError for a forbidden photo, and
    KeyboardInterrupt; all that was finished stays in the log.
    """
    feeder = Feeder(album, log)
    # Nothing is started where all is known.
    first = feeder.next(1)
    state = Pass(total=len(album.photos))
    if first is not None:
        with working_folder(executor.store.cache) as scratch:
            run_lanes(subject, album, log, executor, watch, feeder, first, state, scratch)
    album.count_twins()
    state.unread = len(album.errors)
    state.known = state.total - state.ran - state.unread
    state.seconds = time.monotonic() - state.started
    watch(subject, state)
    return state


def run_lanes(
    subject: Subject,
    album: Album,
    log: OutputLog,
    executor: Executor,
    watch: Watch,
    feeder: Feeder,
    first: Piece,
    state: Pass,
    scratch: Path,
) -> None:
    """Run lanes until no photo is left, or one of them fails."""
    state.lanes = lanes_for(subject, len(album.photos) - feeder.known, executor.cores)
    work = Work(subject, album, log, feeder, [first], state, watch)
    lanes: list[Lane] = []
    try:
        for number in range(state.lanes):
            folder = scratch / str(number)
            folder.mkdir()
            lanes.append(Lane(work, executor, folder, max(1, executor.cores // state.lanes)))
        for lane in lanes:
            lane.thread.start()
        while any(lane.thread.is_alive() for lane in lanes):
            for lane in lanes:
                lane.thread.join(WAIT_SECONDS)
            if work.trouble:
                break
    finally:
        work.stop.set()
        if work.trouble or any(lane.thread.is_alive() for lane in lanes):
            for lane in lanes:
                lane.cancel()
        for lane in lanes:
            lane.close()
    if work.trouble:
        raise work.trouble[0]


@dataclass
class Work:
    """What the lanes of a pass share."""

    subject: Subject
    album: Album
    log: OutputLog
    feeder: Feeder
    waiting: list[Piece]
    state: Pass
    watch: Watch
    stop: threading.Event = field(default_factory=threading.Event)
    trouble: list[BaseException] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, most: int) -> Piece | None:
        """The next piece, None where there is none or all must stop."""
        if self.stop.is_set():
            return None
        with self.lock:
            if self.waiting:
                return self.waiting.pop()
        return self.feeder.next(most)

    def finished(self, piece: Piece, ran: int, took: tuple[float, float, float] | None) -> None:
        """Count a piece of which so many photos could be read: it `took` the runtime, decoding and the lane so many
        seconds; None where a lane started."""
        with self.lock:
            state = self.state
            state.unread += len(piece.places) - ran
            state.known = self.feeder.known
            state.ran += ran
            if state.first is None:
                state.first, state.at_first = time.monotonic(), state.ran
            if took is not None:
                state.runtime_seconds += took[0]
                state.decoding_seconds += took[1]
                state.lane_seconds += took[2]
                state.measured += ran
            shown = replace(state)
        self.watch(self.subject, shown)


class Lane:
    """A process that prepares and a runner, driven by a thread. `scratch` is a folder of its own."""

    def __init__(self, work: Work, executor: Executor, scratch: Path, threads: int) -> None:
        subject = work.subject
        self._work = work
        sample = subject.preparation(scratch, 1).sample_bytes
        most = DEVICE_PIECE if subject.reached else max(1, PIECE_BYTES // sample)
        self._most = -(-most // subject.batch) * subject.batch
        self._size = self._most if subject.reached else subject.batch
        self._tensors = scratch / "photos.npy"
        self._preparer = Preparer(subject.preparation(self._tensors, self._most))
        self._runner: Runner | None = None
        self._started = lambda: (
            StageRunner(subject, executor, scratch)
            if subject.reached
            else StayingRunner(subject, executor, scratch, threads)
        )
        self.thread = threading.Thread(target=self._guarded, name=f"lane of {subject.name}")

    def close(self) -> None:
        """Wait for the thread, and end both processes."""
        if self.thread.ident is not None:
            self.thread.join()
        if self._runner is not None:
            self._runner.close()
        self._preparer.close()

    def cancel(self) -> None:
        """Have its runner end at once."""
        if self._runner is not None:
            self._runner.cancel()

    def _guarded(self) -> None:
        try:
            self._run()
        except BaseException as error:
            self._work.trouble.append(error)

    def _run(self) -> None:
        work = self._work
        while (piece := work.next(self._size)) is not None:
            began = time.monotonic()
            started = self._runner is not None
            ran, runtime, decoding = self._run_piece(piece)
            elapsed = time.monotonic() - began
            # The first piece waits until the model is loaded.
            work.finished(piece, ran, (runtime, decoding, elapsed) if started else None)
            if not work.subject.reached:
                wanted = int(len(piece.places) * min(4.0, PIECE_SECONDS / max(elapsed, 1e-3)))
                batch = work.subject.batch
                self._size = min(self._most, max(1, wanted // batch) * batch)

    def _run_piece(self, piece: Piece) -> tuple[int, float, float]:
        """Run a piece, and keep what comes of it: how many photos, and the seconds of the runtime and of decoding.

        The runner is started for the first photo that can be read.
        """
        work, album = self._work, self._work.album
        photos = [
            (album.photos[place].name, content) for place, content in zip(piece.places, piece.contents, strict=True)
        ]
        prepared = self._preparer.prepare(photos, work.subject.batch)
        errors, decoding = prepared.errors, prepared.decoding
        album.errors |= {place: error for place, error in zip(piece.places, errors, strict=True) if error is not None}
        read = [place for place, error in zip(piece.places, errors, strict=True) if error is None]
        if not read:
            return 0, 0.0, decoding
        filled = -(-len(read) // work.subject.batch) * work.subject.batch
        if self._runner is None:
            self._runner = self._started()
            if work.stop.is_set():  # while it was started, nobody could cancel it
                self._runner.cancel()
        outputs, seconds = self._runner.run(self._tensors, filled)
        hashes = [sha256 for place in read if (sha256 := album.hashes[place]) is not None]
        work.log.append(hashes, outputs[: len(read)])
        return len(read), seconds, decoding
