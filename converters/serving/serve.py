"""Serve models over REST and gRPC: the Open Inference Protocol, in front of runners in processes of their own.

This process reads no model: it has requests and photos in its hands, and shares memory with the runners, which have no
network. Inputs: `edgekit`, the package whose code prepares photos and judges; `models`, the folder of their folders.
Options: `models` (`edgekit.serve.server` writes them), `control` (two pipes, `requests` and `replies`, a JSON document
a line), `http` (a listening socket's descriptor), `grpc` (an address, or None), `limits`, `shadow`, `version`.

An ID is a runner's. Asked are `{"gone": ID, "reason": ...}` (it has ended; the reply `{"forgotten": ID}` says that
nothing is asked of it any more), `{"started": ID}` (another one is there), `{"stop": true}`. Said are
`{"listening": true}`, `{"proved": ID, "wrong": REASON or null}`, `{"hung": ID}` (it does not answer, and is to be
ended), `{"kept": FILE}` for what a shadow disagrees on, `{"stopped": true}`.
"""

import asyncio
import json
import logging
import os
import socket
from typing import Any

import uvicorn
import uvloop
from backlog import emptied
from connections import bounded
from edgekit_package import import_from
from edgeworker.protocol import Request, main
from grpc_api import Service, grpc_server
from model import Model
from problems import AWAY, Problem
from repository import Repository
from rest import Rest
from runner import Runner
from shadow import Shadow

LAME_SECONDS = 0.5
"""How long a server that is about to end still takes new requests, telling each client to leave its connection."""


class Control:
    """The pipes to the core."""

    def __init__(self, told: dict[str, int], loop: asyncio.AbstractEventLoop) -> None:
        self._requests, self._replies, self._buffer = told["requests"], told["replies"], b""
        self.asked: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._loop = loop
        os.set_blocking(self._requests, False)
        loop.add_reader(self._requests, self._read)

    def say(self, document: dict[str, Any]) -> None:
        """Tell the core something."""
        os.write(self._replies, json.dumps(document).encode() + b"\n")

    def _read(self) -> None:
        part = os.read(self._requests, 1 << 16)
        if not part:
            self._loop.remove_reader(self._requests)
            self.asked.put_nowait(None)
            return
        *lines, self._buffer = (self._buffer + part).split(b"\n")
        for line in lines:
            self.asked.put_nowait(json.loads(line))


class Server:
    """The whole of it."""

    def __init__(self, request: Request) -> None:
        self._request, self._options = request, request.options
        self._proofs: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> dict[str, Any]:
        """Serve until the core asks for the end."""
        loop, options = asyncio.get_running_loop(), self._options
        self._control = Control(options["control"], loop)
        everything = {one["id"]: self._model(one, loop) for one in options["models"]}
        shadow = options["shadow"]
        second = everything[shadow["id"]] if shadow else None
        self._runners = {runner.id: runner for model in everything.values() for runner in model.runners}
        repository = Repository([one for one in everything.values() if one is not second], options["photo_suffix"])
        shadows = []
        if shadow and second:
            for model in repository.models:
                one = Shadow(model, second, shadow["share"], self._request.output, shadow["keep"], self._kept)
                model.follow = one.follow
                shadows.append(one)
        for runner in self._runners.values():
            self._start(runner)
        limits = options["limits"]
        rest = Rest(repository, options["version"], limits["request_bytes"], limits["request_seconds"])
        config = uvicorn.Config(
            rest.application,
            interface="asgi3",
            http=bounded(limits["request_bytes"]),
            ws="none",
            lifespan="off",
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=limits["connections"],
            timeout_keep_alive=75,
            timeout_graceful_shutdown=int(limits["stop_seconds"]),
        )
        http = uvicorn.Server(config)
        listener = socket.socket(fileno=options["http"])
        serving = asyncio.create_task(http.serve([listener]))
        rpc = None
        if options["grpc"]:
            service = Service(repository, options["version"])
            rpc = await grpc_server(service, options["grpc"], limits["request_bytes"], limits["connections"])
        while not http.started and not serving.done():
            await asyncio.sleep(0.01)
        self._control.say({"listening": True})
        await self._follow()
        repository.stopping = True
        # Runners may end yet.
        following = asyncio.create_task(self._follow())
        await asyncio.sleep(LAME_SECONDS)
        # No new connections; those that came last have as long to send their request.
        await emptied(listener, LAME_SECONDS)
        for each in http.servers:
            each.close()
        ending = asyncio.sleep(0) if rpc is None else rpc.stop(limits["stop_seconds"])
        await asyncio.gather(asyncio.sleep(LAME_SECONDS), ending)
        http.should_exit = True
        await serving
        for one in shadows:
            await one.settled()
        following.cancel()
        self._control.say({"stopped": True})
        return {"requests": http.server_state.total_requests}

    def _model(self, told: dict[str, Any], loop: asyncio.AbstractEventLoop) -> Model:
        from edgekit.artifact.manifest import FILE, Manifest
        from edgekit.untrusted.json_document import decode_json

        folder = self._request.inputs["models"] / told["id"]
        manifest = decode_json((folder / FILE).read_bytes(), Manifest)
        return Model({**told, "folder": folder}, manifest, loop, self._hung)

    async def _follow(self) -> None:
        """Do what the core asks until it asks for the end."""
        while (asked := await self._control.asked.get()) is not None and not asked.get("stop"):
            if (gone := asked.get("gone")) is not None:
                self._runners[gone].gone(asked["reason"])
                self._control.say({"forgotten": gone})
            elif (started := asked.get("started")) is not None:
                self._start(self._runners[started])

    def _start(self, runner: Runner) -> None:
        """Prove a runner once it has loaded its model."""
        runner.started()
        if (before := self._proofs.get(runner.id)) is not None:
            before.cancel()  # it waits for one that is gone
        self._proofs[runner.id] = asyncio.create_task(self._prove(runner))

    async def _prove(self, runner: Runner) -> None:
        try:
            wrong = await runner.prove()
        except Problem as problem:
            if problem.kind == AWAY and not runner.link.loaded.is_set():
                return  # it has ended, which the core hears by itself
            wrong = problem.message
        self._control.say({"proved": runner.id, "wrong": wrong})

    def _hung(self, id: str) -> None:
        self._control.say({"hung": id})

    def _kept(self, file: str) -> None:
        self._control.say({"kept": file})


def job(request: Request) -> dict[str, Any]:
    """Serve; `requests` says how many HTTP requests there were."""
    logging.basicConfig(level=logging.ERROR)
    import_from(request.inputs["edgekit"])
    return uvloop.run(Server(request).run())


if __name__ == "__main__":
    main(job, tools=("uvicorn", "grpcio"))
