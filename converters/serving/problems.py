"""What goes wrong with a request, as both protocols say it."""

from typing import NamedTuple

import grpc


class Kind(NamedTuple):
    """An HTTP status and a gRPC code."""

    status: int
    code: grpc.StatusCode


WRONG = Kind(400, grpc.StatusCode.INVALID_ARGUMENT)
UNKNOWN = Kind(404, grpc.StatusCode.NOT_FOUND)
SLOW = Kind(408, grpc.StatusCode.DEADLINE_EXCEEDED)
LARGE = Kind(413, grpc.StatusCode.RESOURCE_EXHAUSTED)
ENCODED = Kind(415, grpc.StatusCode.INVALID_ARGUMENT)
BUSY = Kind(429, grpc.StatusCode.RESOURCE_EXHAUSTED)
FAILED = Kind(500, grpc.StatusCode.INTERNAL)
AWAY = Kind(503, grpc.StatusCode.UNAVAILABLE)


class Problem(Exception):
    """A request that is not answered: one sentence that names the reason, and its kind."""

    def __init__(self, message: str, kind: Kind = WRONG) -> None:
        super().__init__(message)
        self.message, self.kind = message, kind
