"""TensorRT's log: printed for the worker's own log, and kept, since it is where TensorRT says why something failed."""

import sys
from typing import Any

from edgeworker.refusal import Refusal

_NO_DEVICE = ("cudaError 35", "cudaError 100", "no CUDA-capable device", "CUDA initialization failure")
# Words of the messages that TensorRT-RTX 1.7.1.116 and TensorRT hold; none has been seen, for want of a GPU.
_STALE = ("same version of TensorRT", "Serialized Engine Version", "Version tag does not match")


def make_log(trt: Any) -> Any:
    """A logger for the module `trt` (tensorrt or tensorrt_rtx); its `errors` are the messages of failures, in order."""

    class Log(trt.ILogger):
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.errors: list[str] = []

        def log(self, severity: Any, msg: str) -> None:
            if severity in (trt.ILogger.Severity.INTERNAL_ERROR, trt.ILogger.Severity.ERROR):
                self.errors.append(msg)
            if severity not in (trt.ILogger.Severity.VERBOSE, trt.ILogger.Severity.INFO):
                print(f"[{severity.name}] {msg}", file=sys.stderr, flush=True)

    return Log()


def loading_refusal(tool: str, file: str, errors: list[str]) -> Refusal:
    """Why an engine could not be loaded, from TensorRT's own messages."""
    reason = first_reason(errors)
    if any(mark in one for one in errors for mark in _NO_DEVICE):
        return Refusal(f"{tool} found no NVIDIA GPU that it can use: {reason}", "It needs a GPU and its driver")
    if any(mark in one for one in errors for mark in _STALE):
        return Refusal(f"{file} is an engine of another TensorRT than {tool}: {reason}", "Convert the model again")
    return Refusal(
        f"{tool} cannot load {file}: {reason}",
        "An engine runs on the GPUs and with the release that it was built for: convert the model again",
    )


def first_reason(errors: list[str]) -> str:
    """The message that says most: the first, without the places in NVIDIA's sources."""
    return errors[0].split(" (In ")[0] + _quoted_cause(errors[0]) if errors else "its log says nothing"


def _quoted_cause(message: str) -> str:
    """TensorRT puts CUDA's own words at the end, as in `(cudaError 35: CUDA driver version is ...)`."""
    _, found, cause = message.partition("(cudaError ")
    return f", CUDA error {cause.split(')')[0]}" if found else ""
