"""Runs a model on prepared photos, piece by piece: in a worker that stays, or in edgekit's runner on a device."""

import threading
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct, convert

from edgekit.errors import ConversionError, EdgekitError
from edgekit.evaluate.subject import Subject
from edgekit.filesystem.hashing import file_sha256
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.limits import EMULATED_LIMITS, RUN_LIMITS
from edgekit.pipeline.runs import run_stage
from edgekit.pipeline.source import GoldenFile
from edgekit.pipeline.target import targets
from edgekit.toolchain.channel import Channel, Gone, Silent
from edgekit.toolchain.command import Cancelled
from edgekit.toolchain.left import is_plain

if TYPE_CHECKING:
    import numpy as np

OUTPUTS = "outputs.npy"


class Runner(Protocol):
    """Runs one model."""

    def run(self, tensors: Path, filled: int) -> "tuple[np.ndarray, float]":
        """The first output of the first `filled` samples of a file, float32 [filled, width], and the runtime's time
        in seconds."""
        ...

    def cancel(self) -> None:
        """Have it end at once."""
        ...

    def close(self) -> None:
        """End it, and wait until it has."""
        ...


class Reply(Struct, frozen=True):
    """What a worker that stays says of a piece (`edgeworker.stream`): its time, and that of each call, in seconds."""

    seconds: float = 0.0
    calls: list[float] = []


class StayingRunner:
    """A worker that has the model loaded and gets its photos through a channel. `scratch` is a folder of its own.

    `timed`: the seconds of its calls are what it is run for.
    """

    def __init__(
        self, subject: Subject, executor: Executor, scratch: Path, threads: int, *, timed: bool = False
    ) -> None:
        self._subject, self._output = subject, scratch / "output"
        self._output.mkdir()
        limits = RUN_LIMITS if subject.machine is None else EMULATED_LIMITS
        self._patience = limits.seconds
        self._cancelled = threading.Event()
        self._channel = Channel()
        self._trouble: BaseException | None = None
        self.loading_seconds = 0.0
        """Until the model was loaded, imports left out."""
        self.calls: list[float] = []
        """The seconds of each call of the last piece."""
        self.peak_memory_bytes: int | None = None
        """The largest resident size of the process; known once it was closed."""
        inputs = {role: executor.store.checked(value) for role, value in subject.inputs.items()}
        stream = {**self._channel.numbers, "input": subject.input_name, "output": subject.output.name}

        def work() -> None:
            try:
                ended = executor.toolchain.run(
                    subject.worker,
                    inputs,
                    self._output,
                    {**subject.options, "threads": threads, "stream": stream},
                    scratch=scratch,
                    limits=replace(limits, seconds=inf, threads=threads),
                    cancelled=self._cancelled,
                    machine=subject.machine,
                    channel=self._channel,
                    timed=timed,
                )
                self.peak_memory_bytes = ended.peak_memory_bytes
            except BaseException as error:
                # Raised again in the thread that waits for an answer.
                self._trouble = error
            finally:
                self._channel.close_workers_ends()

        self._thread = threading.Thread(target=work, name=f"runner of {subject.name}")
        self._thread.start()
        self._loaded = False

    def run(self, tensors: Path, filled: int) -> "tuple[np.ndarray, float]":
        """See `Runner`. Raises what the worker ends with."""
        import numpy as np

        try:
            if not self._loaded:
                self.loading_seconds = self._reply().seconds
                self._loaded = True
            self._channel.ask({"tensors": str(tensors.absolute()), "count": filled})
            said = self._reply()
            self.calls = said.calls
            if not is_plain(self._output / OUTPUTS):
                raise Gone("its outputs are no file")
            # Mapped, so that no more is taken than the file has, whatever its header says.
            outputs = np.load(self._output / OUTPUTS, mmap_mode="r").reshape(filled, -1)
        except Silent:
            raise ConversionError(
                f"{self._subject.title} has not answered within {self._patience:g} s", "Give fewer --device."
            ) from None
        except (Gone, OSError, ValueError) as error:
            raise self._ended(error) from None
        if outputs.shape[1] != self._subject.width:
            raise ConversionError(
                f"{self._subject.title} gave {outputs.shape[1]} values for a photo, and its manifest says "
                f"{self._subject.width}",
                "Convert the model again.",
            )
        return outputs.astype(np.float32), said.seconds

    def _reply(self) -> "Reply":
        """The worker's next one. Raises Gone, Silent, ValueError."""
        return convert(self._channel.reply(self._patience, self._cancelled), Reply)

    def cancel(self) -> None:
        """Have it end at once."""
        self._cancelled.set()

    def close(self) -> None:
        """End it, and wait until it has."""
        self._channel.end_requests()
        if self._trouble is None and not self._loaded:
            self._cancelled.set()
        self._thread.join()
        self._channel.close()

    def _ended(self, error: BaseException) -> BaseException:
        """Why the worker has ended."""
        self._channel.end_requests()
        self._thread.join()
        if isinstance(self._trouble, Cancelled):
            return KeyboardInterrupt()
        if isinstance(self._trouble, EdgekitError):
            return type(self._trouble)(f"{self._subject.title}: {self._trouble.message}", self._trouble.remedy)
        return self._trouble or ConversionError(f"{self._subject.title} has ended before its work was done ({error})")


class StageRunner:
    """A run of edgekit's runner on a device for every piece of photos."""

    def __init__(self, subject: Subject, executor: Executor, scratch: Path) -> None:
        self._subject, self._executor, self._scratch = subject, executor, scratch

    def run(self, tensors: Path, filled: int) -> "tuple[np.ndarray, float]":
        """See `Runner`. Raises what the stage ends with."""
        import numpy as np
        from safetensors.numpy import load_file, save_file

        subject, variant, artifact = self._subject, self._subject.variant, self._subject.artifact
        assert variant is not None and artifact is not None  # the reference runs here alone
        path = self._scratch / "fed.safetensors"
        save_file({subject.input_name: np.array(np.load(tensors, mmap_mode="r")[:filled])}, path)
        stage = run_stage(
            targets()[artifact.manifest.target],
            variant,
            f"{artifact.manifest.model.name}, {filled} photos",
            artifact.by_role(),
            GoldenFile(path, file_sha256(path), (), ()),
            subject.options,
            memory_bytes=subject.memory_bytes,
            timed=False,
            machine=subject.machine,
            beside=subject.beside,
        )
        result = self._executor.run([stage]).result(stage)
        outputs = load_file(result.folder / "outputs.safetensors")[subject.output.name]
        self._executor.store.forget(stage)
        return outputs.astype(np.float32).reshape(len(outputs), -1)[:filled], result.seconds

    def cancel(self) -> None:
        """Ctrl-C ends the stage."""

    def close(self) -> None:
        """Nothing is kept between two pieces."""
