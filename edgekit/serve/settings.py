"""How a server is set up, as the command line says."""

from dataclasses import dataclass, field
from pathlib import Path

from edgekit.serve.served import Served


@dataclass(frozen=True)
class Limits:
    """What a server takes: bytes of a request, seconds for it to arrive, requests of a model that wait, connections at
    once, samples of a call where a model takes any number; how long a request waits, and a model takes for a call
    before its runner is ended; and how long the last answers may take at its end."""

    request_bytes: int = 16 << 20
    request_seconds: float = 30.0
    queue: int = 64
    connections: int = 128
    max_batch: int = 8
    answer_seconds: float = 120.0
    stop_seconds: float = 30.0


@dataclass(frozen=True)
class Shadowing:
    """A second artifact that gets a `share` of the requests; up to `keep` on which it disagrees go into `folder`."""

    second: Served
    share: float
    folder: Path | None = None
    keep: int = 100


@dataclass(frozen=True)
class Settings:
    """Where a server listens, how many runners of `threads` each a model has, and the rest; `grpc_port` None: no gRPC.

    A shadow has one runner.
    """

    host: str = "127.0.0.1"
    http_port: int = 8080
    grpc_port: int | None = 8081
    threads: int = 2
    runners: int = 1
    batching: bool = True
    limits: Limits = field(default_factory=Limits)
    shadow: Shadowing | None = None
