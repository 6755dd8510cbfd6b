"""What is measured while serving, in Prometheus's form."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
SAMPLES = (1, 2, 4, 8, 16, 32, 64, 128)

REGISTRY = CollectorRegistry()
OF_MODEL = ("model", "version")
REQUESTS = Counter(
    "edgekit_requests",
    "Requests for inference that were answered",
    (*OF_MODEL, "protocol", "status"),
    registry=REGISTRY,
)
REQUEST_SECONDS = Histogram(
    "edgekit_request_seconds", "From a whole request to its answer", OF_MODEL, buckets=SECONDS, registry=REGISTRY
)
QUEUE_SECONDS = Histogram(
    "edgekit_queue_seconds", "From a request's arrival to its call", OF_MODEL, buckets=SECONDS, registry=REGISTRY
)
RUNTIME_SECONDS = Histogram(
    "edgekit_runtime_seconds", "Of a call, in the model's runtime alone", OF_MODEL, buckets=SECONDS, registry=REGISTRY
)
CALL_SAMPLES = Histogram(
    "edgekit_call_samples", "Samples of requests in a call", OF_MODEL, buckets=SAMPLES, registry=REGISTRY
)
READY = Gauge(
    "edgekit_ready", "Whether the golden samples have passed in the runner that answers", OF_MODEL, registry=REGISTRY
)
RUNNERS = Gauge("edgekit_runners", "Runners of the model that are proved, and answer", OF_MODEL, registry=REGISTRY)
RUNNER_STARTS = Counter(
    "edgekit_runner_starts", "How often the model's runner was started", OF_MODEL, registry=REGISTRY
)
SHADOWED = Counter(
    "edgekit_shadow_requests", "Requests that a second model got, too", (*OF_MODEL, "outcome"), registry=REGISTRY
)


class Measures:
    """Those of one model."""

    def __init__(self, model: str, version: str) -> None:
        self.labels = (model, version)
        self._request = REQUEST_SECONDS.labels(*self.labels)
        self._queue = QUEUE_SECONDS.labels(*self.labels)
        self._runtime = RUNTIME_SECONDS.labels(*self.labels)
        self._samples = CALL_SAMPLES.labels(*self.labels)
        self._answers: dict[tuple[str, str], Counter] = {}
        self.ready(0)

    def ready(self, runners: int) -> None:
        """So many runners answer."""
        READY.labels(*self.labels).set(runners > 0)
        RUNNERS.labels(*self.labels).set(runners)

    def started(self) -> None:
        """A runner was started."""
        RUNNER_STARTS.labels(*self.labels).inc()

    def called(self, samples: int, seconds: float, waited: Sequence[float]) -> None:
        """A call of so many samples took so long in the runtime, after its requests had waited."""
        self._runtime.observe(seconds)
        self._samples.observe(samples)
        for one in waited:
            self._queue.observe(one)

    def answered(self, protocol: str, status: str, seconds: float) -> None:
        """A request was answered, well or not."""
        if (answers := self._answers.get((protocol, status))) is None:
            answers = self._answers[protocol, status] = REQUESTS.labels(*self.labels, protocol, status)
        answers.inc()
        self._request.observe(seconds)

    def shadowed(self, outcome: str) -> None:
        """A second model got a request: "agreed", "disagreed", "dropped" or "failed"."""
        SHADOWED.labels(*self.labels, outcome).inc()
