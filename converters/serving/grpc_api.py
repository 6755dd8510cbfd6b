"""The protocol's gRPC API. Its messages are tritonclient's, which are the protocol's and some more."""

import asyncio
import time
from collections.abc import Awaitable
from typing import Any

import grpc
from inference import InferRequest, Tensor, from_binary, from_values, tensors_by_name, to_binary
from problems import FAILED, Problem
from repository import Repository
from rest import EXTENSIONS, NAME, index
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

CONTENTS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
"""Where a message has the values of a data type that are not given as bytes."""


class Service(service_pb2_grpc.GRPCInferenceServiceServicer):
    """Answers for the models of a repository."""

    def __init__(self, repository: Repository, version: str) -> None:
        self._repository, self._version = repository, version

    async def ServerLive(self, request: Any, context: Any) -> Any:
        """Whether the server is there."""
        return pb.ServerLiveResponse(live=True)

    async def ServerReady(self, request: Any, context: Any) -> Any:
        """Whether every model answers."""
        return pb.ServerReadyResponse(ready=self._repository.ready)

    async def ServerMetadata(self, request: Any, context: Any) -> Any:
        """What the server is."""
        return pb.ServerMetadataResponse(name=NAME, version=self._version, extensions=EXTENSIONS)

    async def ModelReady(self, request: Any, context: Any) -> Any:
        """Whether a model answers."""
        return await told(context, self._ready(request))

    async def ModelMetadata(self, request: Any, context: Any) -> Any:
        """What a model takes and gives."""
        return await told(context, self._metadata(request))

    async def RepositoryIndex(self, request: Any, context: Any) -> Any:
        """Every model."""
        models = [pb.RepositoryIndexResponse.ModelIndex(**index(one)) for one in self._repository.all()]
        return pb.RepositoryIndexResponse(models=models)

    async def ModelInfer(self, request: Any, context: Any) -> Any:
        """A model's outputs."""
        return await told(context, self._infer(request))

    async def _ready(self, request: Any) -> Any:
        one = self._repository.find(request.name, request.version)
        return pb.ModelReadyResponse(ready=one.ready and not self._repository.stopping)

    async def _metadata(self, request: Any) -> Any:
        one = self._repository.find(request.name, request.version)
        described = pb.ModelMetadataResponse.TensorMetadata
        return pb.ModelMetadataResponse(
            name=one.name,
            versions=self._repository.versions(one.name),
            platform=one.platform,
            inputs=[described(name=each.name, datatype=each.datatype, shape=each.shape) for each in one.inputs],
            outputs=[described(name=each.name, datatype=each.datatype, shape=each.shape) for each in one.outputs],
        )

    async def _infer(self, request: Any) -> Any:
        one = self._repository.find(request.model_name, request.model_version)
        began, status = time.perf_counter(), FAILED.code
        try:
            outputs = await one.infer(read(request))
            status = "OK"
        except Problem as problem:
            status = problem.kind.code
            raise
        except asyncio.CancelledError:
            status = "CANCELLED"  # by the client
            raise
        finally:
            one.measures.answered("grpc", status, time.perf_counter() - began)
        described = pb.ModelInferResponse.InferOutputTensor
        return pb.ModelInferResponse(
            model_name=one.name,
            model_version=one.version,
            id=request.id,
            outputs=[described(name=each.name, datatype=each.datatype, shape=each.value.shape) for each in outputs],
            raw_output_contents=[to_binary(each) for each in outputs],
        )


async def told(context: Any, answer: Awaitable[Any]) -> Any:
    """An answer; or the reason why there is none, as gRPC has it."""
    try:
        return await answer
    except Problem as problem:
        await context.abort(grpc.StatusCode[problem.kind.code], problem.message)


def read(request: Any) -> InferRequest:
    """The request in a message. Raises Problem."""
    raw = request.raw_input_contents
    if raw and len(raw) != len(request.inputs):
        raise Problem(f"there are {len(request.inputs)} inputs, and raw contents of {len(raw)}")
    tensors: list[Tensor] = []
    for number, one in enumerate(request.inputs):
        shape = list(one.shape)
        if raw:
            tensors.append(from_binary(one.name, one.datatype, shape, raw[number]))
            continue
        field = CONTENTS.get(one.datatype, "fp32_contents")
        tensors.append(from_values(one.name, one.datatype, shape, list(getattr(one.contents, field))))
    parameters = {name: value_of(parameter) for name, parameter in request.parameters.items()}
    outputs = tuple(one.name for one in request.outputs)
    return InferRequest(request.id, tensors_by_name(tensors), outputs, parameters)


def value_of(parameter: Any) -> Any:
    """The value of a parameter; None where it has none."""
    kind = parameter.WhichOneof("parameter_choice")
    return getattr(parameter, kind) if kind else None


async def grpc_server(service: Service, address: str, largest: int, connections: int) -> Any:
    """A server that listens on an address. Raises RuntimeError where that is taken."""
    options = [
        ("grpc.max_receive_message_length", largest),
        ("grpc.max_send_message_length", -1),
        # Two servers on one port would share its requests in silence.
        ("grpc.so_reuseport", 0),
        ("grpc.max_concurrent_streams", connections),
    ]
    server = grpc.aio.server(options=options, maximum_concurrent_rpcs=connections)
    service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(service, server)
    server.add_insecure_port(address)
    await server.start()
    return server
