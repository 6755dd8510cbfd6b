"""The protocol's REST API, as an ASGI application."""

import asyncio
import logging
import re
import time
from typing import Any

import msgspec
import rest_body
from body import BODY, Body
from measures import REGISTRY
from problems import AWAY, ENCODED, FAILED, LARGE, SLOW, Kind, Problem
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from repository import Answering, Repository
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

NAME, EXTENSIONS = "edgekit", ["binary_tensor_data"]
INFER = re.compile("/v2/models/([^/]+)(?:/versions/([^/]+))?/infer")


class Rest:
    """Answers for the models of a `repository`; a body has `largest` bytes at most, and `seconds` to arrive."""

    def __init__(self, repository: Repository, version: str, largest: int, seconds: float) -> None:
        self._repository, self._version = repository, version
        self._largest, self._seconds = largest, seconds
        one = "/v2/models/{model}"
        of_version = one + "/versions/{version}"
        routes = [
            Route("/v2", self._server, methods=["GET"]),
            Route("/v2/health/live", self._live, methods=["GET"]),
            Route("/v2/health/ready", self._ready, methods=["GET"]),
            Route("/v2/models", self._models, methods=["GET"]),
            Route("/v2/repository/index", self._index, methods=["POST"]),
            Route("/metrics", self._metrics, methods=["GET"]),
        ]
        for path in (one, of_version):
            routes += [
                Route(path, self._model, methods=["GET"]),
                Route(path + "/ready", self._model_ready, methods=["GET"]),
                Route(path + "/infer", self._infer, methods=["POST"]),
            ]
        handlers: dict[Any, Any] = {
            HTTPException: self._http_problem,
            Problem: self._problem,
            Exception: self._bug,
        }
        self._routed = Starlette(routes=routes, exception_handlers=handlers)

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request: Starlette finds who does, but for inference, where that would take a tenth of the time."""
        if scope["method"] != "POST" or (found := INFER.fullmatch(scope["path"])) is None:
            await self._routed(scope, receive, send)
            return
        scope["path_params"] = {"model": found[1], "version": found[2] or ""}
        try:
            answer = await self._infer(Request(scope, receive))
        except ClientDisconnect:
            return
        except Problem as problem:
            answer = self._error(problem.message, problem.kind)
        except Exception:
            logging.exception("a request for inference has failed")
            answer = self._failed()
        await answer(scope, receive, send)

    async def _server(self, request: Request) -> Response:
        return self._answer({"name": NAME, "version": self._version, "extensions": EXTENSIONS})

    async def _live(self, request: Request) -> Response:
        return self._answer({"live": True})

    async def _ready(self, request: Request) -> Response:
        ready = self._repository.ready
        return self._answer({"ready": ready}, 200 if ready else AWAY.status)

    async def _models(self, request: Request) -> Response:
        return self._answer({"models": list(dict.fromkeys(one.name for one in self._repository.all()))})

    async def _index(self, request: Request) -> Response:
        return self._answer([index(one) for one in self._repository.all()])

    async def _metrics(self, request: Request) -> Response:
        return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)

    async def _model(self, request: Request) -> Response:
        one = self._found(request)
        return self._answer(
            {
                "name": one.name,
                "versions": self._repository.versions(one.name),
                "platform": one.platform,
                "inputs": [tensor(each) for each in one.inputs],
                "outputs": [tensor(each) for each in one.outputs],
                "parameters": one.parameters,
            }
        )

    async def _model_ready(self, request: Request) -> Response:
        one = self._found(request)
        ready = one.ready and not self._repository.stopping
        document = {"name": one.name, "ready": ready}
        return self._answer(document if ready else {**document, "error": one.unready}, 200 if ready else AWAY.status)

    async def _infer(self, request: Request) -> Response:
        one, headers = self._found(request), dict(request.scope["headers"])
        body = await self._body(request, headers)
        began = time.perf_counter()
        status = "500"
        try:
            asked, written = rest_body.read(body, headers.get(rest_body.HEADER_LENGTH))
            content, length = rest_body.write(written, one.name, one.version, await one.infer(asked))
            status = "200"
        except Problem as problem:
            status = str(problem.kind.status)
            raise
        finally:
            one.measures.answered("rest", status, time.perf_counter() - began)
        if length is None:
            return self._respond(content, "application/json")
        answer = self._respond(content, "application/octet-stream")
        answer.raw_headers.append((rest_body.HEADER_LENGTH, b"%d" % length))
        return answer

    def _found(self, request: Request) -> Answering:
        return self._repository.find(request.path_params["model"], request.path_params.get("version", ""))

    async def _body(self, request: Request, headers: dict[bytes, bytes]) -> memoryview:
        """A request's body. Raises Problem where it is too large, compressed, or does not arrive in time, and
        ClientDisconnect."""
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise Problem("compressed requests are not read", ENCODED)
        announced = rest_body.whole_number(headers.get(b"content-length", b"0"))
        if announced is None or announced > self._largest:
            raise self._too_large()
        body: Body = request.scope[BODY]
        try:
            async with asyncio.timeout(self._seconds):
                while (event := await request.receive())["type"] != "http.disconnect" and event["more_body"]:
                    if body.size > self._largest:
                        raise self._too_large()
        except TimeoutError:
            raise Problem(f"the request has not arrived within {self._seconds:g} s", SLOW) from None
        if event["type"] == "http.disconnect":
            raise ClientDisconnect
        if body.size > self._largest:
            raise self._too_large()
        return body.content()

    def _too_large(self) -> Problem:
        return Problem(f"a request may have {self._largest} bytes, and this one has more", LARGE)

    def _answer(self, document: Any, status: int = 200) -> Response:
        return self._respond(msgspec.json.encode(document), "application/json", status)

    def _respond(self, content: bytes, kind: str, status: int = 200) -> Response:
        # A client on its way elsewhere: a server that is about to end sends no one away in the middle of a request.
        headers = {"connection": "close"} if self._repository.stopping else None
        return Response(content, status, headers, media_type=kind)

    def _error(self, message: str, kind: Kind) -> Response:
        answer = self._answer({"error": message}, kind.status)
        if kind in (LARGE, SLOW, ENCODED):
            answer.headers["connection"] = "close"  # the rest of the request is not read
        return answer

    async def _problem(self, request: Request, problem: Exception) -> Response:
        assert isinstance(problem, Problem)
        return self._error(problem.message, problem.kind)

    async def _http_problem(self, request: Request, problem: Any) -> Response:
        message = f"there is no {request.method} {request.url.path[:120]}"
        answer = self._answer({"error": message}, problem.status_code)
        answer.headers.update(problem.headers or {})
        return answer

    async def _bug(self, request: Request, error: Exception) -> Response:
        return self._failed()

    def _failed(self) -> Response:
        return self._error("the server has failed at this request; its log says where", FAILED)


def tensor(one: Any) -> dict[str, Any]:
    """A tensor of a model's metadata."""
    return {"name": one.name, "datatype": one.datatype, "shape": list(one.shape)}


def index(one: Answering) -> dict[str, str]:
    """A model in the repository's index."""
    state = {"state": "READY"} if one.ready else {"state": "UNAVAILABLE", "reason": one.unready}
    return {"name": one.name, "version": one.version, **state}
