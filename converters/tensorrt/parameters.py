"""The ledger of a TensorRT engine: those of its weights that can be read, explained by the program.

Inputs: `program`, `engine`, `record`. See `edgeworker.ledger`. The engine's format is not known. Its record says where
the weights of the ONNX model stand that its converter found in it bit for bit; what it folded into others, or laid
out in a way of its own, cannot be read. So what of the program is not found is no fault.
"""

from typing import Any

from edgeworker.ledger.job import ledger_job
from edgeworker.protocol import Request, main
from engine_record import EngineRecord
from engine_values import readable, weights_in


def job(request: Request) -> dict[str, Any]:
    """`ledger_job` for TensorRT; `partial` says how much can be read."""
    record = EngineRecord.read(request.inputs["record"])
    return ledger_job(lambda given: weights_in(given.inputs["engine"], record), request) | {"partial": readable(record)}


if __name__ == "__main__":
    main(job, tools=("numpy",))
