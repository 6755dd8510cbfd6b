"""Serves artifacts: a server's worker in front, runners behind it for each, and this process above them all."""

import queue
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path
from typing import Any

import msgspec

from edgekit import __version__
from edgekit.bundled import PACKAGE
from edgekit.errors import ConversionError, EdgekitError, UnprovedError, UsageError
from edgekit.filesystem.scratch import working_folder
from edgekit.pipeline.target import targets
from edgekit.serve.copies import copy_artifact
from edgekit.serve.kept import Kept
from edgekit.serve.layout import layout_of
from edgekit.serve.link import Link
from edgekit.serve.ports import address, free_port, listening
from edgekit.serve.runner import Ended, ModelRunner
from edgekit.serve.served import PHOTOS, Served, check_distinct
from edgekit.serve.settings import Settings
from edgekit.serve.standing import Standing
from edgekit.toolchain.channel import Channel, Gone, Silent
from edgekit.toolchain.command import Cancelled
from edgekit.toolchain.worker import Limits, Toolchain

WORKER = "serving/serve.py"
LIMITS = Limits(seconds=inf, memory_bytes=8 << 30, threads=1)
_POLL_SECONDS = 0.2
_STOP_SECONDS = 15.0


@dataclass(frozen=True)
class Listening:
    """Where a server answers, and what."""

    http: str
    grpc: str | None
    models: tuple[Served, ...]


@dataclass(frozen=True)
class ServersEnds:
    """What the server's worker is started with: its channel, its links, and REST's socket."""

    channel: Channel
    links: Sequence[Link]
    http: socket.socket

    @property
    def workers_ends(self) -> tuple[int, ...]:
        """All of them."""
        linked = [end for link in self.links for end in link.servers_ends]
        return (*self.channel.workers_ends, *linked, self.http.fileno())

    def close_workers_ends(self) -> None:
        """The links stay (`edgekit.serve.link`)."""
        self.channel.close_workers_ends()
        self.http.close()


def serve(
    models: Sequence[Served], settings: Settings, toolchain: Toolchain, ready: Callable[[Listening], None]
) -> None:
    """Serve until an interrupt, which ends it in good order: what was accepted is answered.

    `ready` is called once every model's golden samples have passed by the way that requests take. Raises UnprovedError
    where they have not, UsageError for models that cannot be served together or a port that is taken, and what workers
    end with.
    """
    shadow = settings.shadow
    everything = [*models, *([shadow.second] if shadow else [])]
    check_distinct(everything)
    if shadow:
        check_alike(models, shadow.second)
    with working_folder(toolchain.cache) as scratch:
        Serving(everything, settings, toolchain, scratch).run(ready)


def check_alike(models: Sequence[Served], second: Served) -> None:
    """Raise UsageError where a shadow could not answer a model's requests."""

    def ports(one: Served) -> Any:
        manifest = one.artifact.manifest
        tensors = (*manifest.inputs, *manifest.outputs)
        return manifest.preprocessing, [(spec.name, spec.program_shape[1:], spec.dtype, spec.kind) for spec in tensors]

    for one in models:
        if ports(one) != ports(second):
            raise UsageError(
                f"{second.artifact.folder} takes or gives something else than {one.artifact.folder}, whose shadow it "
                "cannot be",
                "A shadow has the same inputs, outputs and preparation of photos.",
            )


class Serving:
    """A server that runs. What starts and ends workers is the main thread, in `run`."""

    def __init__(self, models: Sequence[Served], settings: Settings, toolchain: Toolchain, scratch: Path) -> None:
        self._models, self._settings, self._toolchain, self._scratch = models, settings, toolchain, scratch
        self._ended: queue.Queue[Ended] = queue.Queue()
        self._stopping = threading.Event()
        self._links: list[Link] = []
        self._runners: dict[str, ModelRunner] = {}
        self._away: set[str] = set()  # who has ended, and is started again once the server has heard of it
        self._ids = [str(number) for number in range(len(models))]
        self._listens = self._ready = False
        self._output = scratch / "server" / "output"
        shadow = settings.shadow
        self._kept = Kept(self._output, shadow.folder, shadow.keep) if shadow and shadow.folder else None
        self._thread: threading.Thread | None = None

    def run(self, ready: Callable[[Listening], None]) -> None:
        """See `serve`."""
        settings = self._settings
        http = listening(settings.host, settings.http_port, "--http-port")
        port = http.getsockname()[1]
        self._channel = Channel()
        try:
            grpc = None if settings.grpc_port is None else free_port(settings.host, settings.grpc_port, "--grpc-port")
            documents = [self._prepared(id, one) for id, one in zip(self._ids, self._models, strict=True)]
            self._standing = Standing(self._runners, documents[-1]["runners"][0]["id"] if settings.shadow else None)
            options = {
                "models": documents,
                "control": self._channel.numbers,
                "http": http.fileno(),
                "grpc": None if grpc is None else address(settings.host, grpc),
                "limits": asdict(settings.limits),
                "photo_suffix": PHOTOS,
                "version": __version__,
                "shadow": self._shadow_option(),
            }
            for runner in self._runners.values():
                runner.start()
            self._start_server(options, ServersEnds(self._channel, self._links, http), grpc)
            shown = tuple(one for one in self._models if settings.shadow is None or one is not settings.shadow.second)
            listens = Listening(
                f"http://{address(settings.host, port)}",
                None if grpc is None else address(settings.host, grpc),
                shown,
            )
            try:
                self._follow(lambda: ready(listens))
            except KeyboardInterrupt:
                if not self._ready:
                    raise
                self._stop()
        finally:
            self._end(http)

    def _prepared(self, id: str, one: Served) -> dict[str, Any]:
        """Copy a model's files and make its links and runners; what the server is told of it."""
        settings, manifest = self._settings, one.artifact.manifest
        copy = self._scratch / "models" / id
        digest = copy_artifact(one.artifact, copy)
        layout = layout_of(manifest, settings.limits.max_batch, one.title)
        count = 1 if settings.shadow is not None and one is settings.shadow.second else settings.runners
        links = {f"{id}.{number}": Link(layout) for number in range(1, count + 1)}
        self._links += links.values()
        for number, (runner, link) in enumerate(links.items(), 1):
            self._runners[runner] = ModelRunner(
                runner,
                one,
                copy,
                link,
                self._toolchain,
                settings.threads,
                self._scratch,
                self._ended,
                which=number if count > 1 else None,
            )
        return {
            "id": id,
            "name": one.name,
            "version": one.version,
            "variant": one.variant.name,
            "sigmoid_error": targets()[manifest.target].description.sigmoid_error,
            "runners": [{"id": runner, "link": link.servers_option} for runner, link in links.items()],
            "batching": settings.batching,
            "queue": settings.limits.queue,
            "patience": settings.limits.answer_seconds,
            "parameters": parameters_of(one, digest),
        }

    def _shadow_option(self) -> dict[str, Any] | None:
        if (shadow := self._settings.shadow) is None:
            return None
        return {"id": self._ids[-1], "share": shadow.share, "keep": shadow.keep if self._kept else 0}

    def _start_server(self, options: dict[str, Any], ends: ServersEnds, grpc: int | None) -> None:
        self._output.mkdir(parents=True)
        inputs = {"edgekit": PACKAGE, "models": self._scratch / "models"}

        def work() -> None:
            try:
                self._toolchain.run(
                    WORKER,
                    inputs,
                    self._output,
                    options,
                    scratch=self._output.parent,
                    limits=LIMITS,
                    cancelled=self._stopping,
                    channel=ends,
                    listen=() if grpc is None else (grpc,),
                )
                self._ended.put(Ended("", ConversionError("the server has ended")))
            except (EdgekitError, Cancelled, OSError) as error:
                self._ended.put(Ended("", error))

        self._thread = threading.Thread(target=work, name="server")
        self._thread.start()

    def _follow(self, ready: Callable[[], None]) -> None:
        """Follow what the server says and which workers end, until an interrupt. Raises what ends it all."""
        while True:
            try:
                self._listen()
                while not self._ended.empty():
                    self._worker_ended(self._ended.get())
            except Gone:
                self._server_gone()
            if not self._ready and self._listens and self._standing.all_proved:
                self._ready = True
                ready()

    def _listen(self) -> None:
        """Hear what the server says next, if it says something within a moment."""
        try:
            self._hear(self._channel.reply(_POLL_SECONDS, self._stopping))
        except Silent:
            return

    def _server_gone(self) -> None:
        """Raise what the server has ended with, once that is known."""
        while (ended := self._ended.get()).who:
            pass  # a runner's end matters no more
        raise ended.trouble

    def _hear(self, said: dict[str, Any]) -> None:
        self._listens = self._listens or bool(said.get("listening"))
        if (proved := self._named(said, "proved")) is not None:
            if said.get("wrong"):
                self._give_up(
                    proved.id,
                    UnprovedError(
                        f"{proved.title} is not served, since its golden samples have failed: {said['wrong']}",
                        f"Run `edgekit verify {proved.served.artifact.folder}`.",
                    ),
                )
                return
            self._standing.proved(proved.id, time.monotonic())
            if self._ready:
                self._toolchain.notify(f"{proved.title} answers again: its golden samples have passed")
        elif (hung := self._named(said, "hung")) is not None:
            hung.end_hung()
        elif (forgotten := self._named(said, "forgotten")) is not None:
            if forgotten.id in self._away:
                self._away.remove(forgotten.id)
                self._restart(forgotten)
        else:
            self._take(said)

    def _named(self, said: dict[str, Any], what: str) -> ModelRunner | None:
        """The runner that the server names, which may say anything."""
        id = said.get(what)
        return self._runners.get(id) if isinstance(id, str) else None

    def _worker_ended(self, ended: Ended) -> None:
        """A runner is followed by another one; without the server nothing is served. Raises the latter's error."""
        runner = self._runners.get(ended.who)
        if runner is None or not self._ready:
            raise ended.trouble
        if self._standing.is_given_up(runner.id):
            return
        if not self._standing.ended(runner.id, time.monotonic()):
            self._give_up(runner.id, ended.trouble)
            self._channel.ask({"gone": runner.id, "reason": "its runner crashes again and again"})
            return
        said = ended.trouble.message if isinstance(ended.trouble, EdgekitError) else str(ended.trouble)
        self._toolchain.notify(f"{runner.title} has stopped answering and is started again: {said}")
        self._away.add(runner.id)
        self._channel.ask({"gone": runner.id, "reason": "its runner has crashed, and is started again"})

    def _give_up(self, id: str, trouble: BaseException) -> None:
        """One runner answers no more; raises the trouble where no other will, or none has yet."""
        self._standing.give_up(id)
        self._runners[id].stop()
        if not self._ready or self._standing.hopeless:
            raise trouble
        said = trouble.message if isinstance(trouble, EdgekitError) else str(trouble)
        self._toolchain.notify(f"{self._runners[id].title} answers no more: {said}")

    def _restart(self, runner: ModelRunner) -> None:
        runner.join()
        runner.link.forget_requests()
        runner.start()
        self._channel.ask({"started": runner.id})

    def _take(self, said: dict[str, Any]) -> None:
        """Take over a request on which the shadow disagrees, if the server says that there is one."""
        if self._kept is None or not isinstance(file := said.get("kept"), str):
            return
        if trouble := self._kept.take(file):
            # Those who are served have no part in it.
            self._toolchain.notify(f"a request on which the shadow disagrees could not be kept: {trouble}")

    def _stop(self) -> None:
        """Have the server answer what it has accepted, and end."""
        deadline = time.monotonic() + self._settings.limits.stop_seconds + _STOP_SECONDS
        said: dict[str, Any] = {}
        try:
            self._channel.ask({"stop": True})
            while not said.get("stopped"):
                self._tell_ends()
                try:
                    self._take(said := self._channel.reply(_POLL_SECONDS, self._stopping))
                except Silent:
                    if time.monotonic() > deadline:
                        raise ConversionError(
                            "the server did not end in time and was stopped", "Its log says more."
                        ) from None
            self._channel.end_requests()
        except Gone:
            self._server_gone()
        assert self._thread is not None
        self._thread.join(_STOP_SECONDS)
        for runner in self._runners.values():
            runner.link.end()

    def _tell_ends(self) -> None:
        """Tell the server, which is to stop, of runners that have ended: what they had is another's, or is told."""
        while not self._ended.empty():
            if not (ended := self._ended.get()).who:
                # The server's own end, which the channel tells in its turn: its last words come before it.
                self._ended.put(ended)
                return
            self._channel.ask({"gone": ended.who, "reason": "its runner has ended"})

    def _end(self, http: socket.socket) -> None:
        """End what still runs, and close everything."""
        deadline = time.monotonic() + (_STOP_SECONDS if self._ended_well() else 0)
        for runner in self._runners.values():
            if runner.starts and not self._stopping.is_set():
                runner.join_within(max(0.0, deadline - time.monotonic()))
        self._stopping.set()
        for runner in self._runners.values():
            runner.stop()
        if self._thread is not None:
            self._thread.join()
        for runner in self._runners.values():
            runner.join()
        self._channel.close()
        for link in self._links:
            link.close()
        http.close()

    def _ended_well(self) -> bool:
        return self._thread is not None and not self._thread.is_alive()


def parameters_of(one: Served, manifest_sha256: str) -> dict[str, Any]:
    """What a model's metadata says besides its tensors: what it is, and what was proved of it."""
    manifest, verdict = one.artifact.manifest, one.verdict.verdict
    return {
        "model": manifest.model.name,
        "target": manifest.target,
        "precision": manifest.precision,
        "manifest_sha256": manifest_sha256,
        "weights_sha256": manifest.weights.sha256,
        "labels": list(manifest.model.class_names or ()),
        "output_kinds": {spec.name: spec.kind for spec in manifest.outputs},
        "thresholds": {spec.name: list(spec.thresholds) for spec in manifest.outputs if spec.thresholds},
        "preprocessing": msgspec.to_builtins(manifest.preprocessing),
        "verdict": {
            "status": verdict.status,
            "judged_against": verdict.judged_against,
            "outputs": {
                name: {"max_relative": figures.against_oracle.max_relative, "max_threshold": figures.max_threshold}
                for name, figures in verdict.outputs.items()
            },
        },
    }
