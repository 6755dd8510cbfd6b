"""What can be said of an engine where no GPU can run it.

Inputs: `engine`, `record` (what its converter wrote down). TensorRT cannot even load an engine without a GPU:
it asks CUDA for a stream first. So this worker reads the file itself, and checks

- that its header is one of an engine, whole, and for the TensorRT-RTX and the GPUs that the record says;
- that the TensorRT-RTX is the one that edgekit would run it with: no other release can;
- that every weight that the converter found in it bit for bit is still there.

It runs nothing, and says nothing of what the GPU computes.
"""

from importlib import metadata
from typing import Any

from edgeworker.protocol import Request, main
from engine_file import Damaged, read_header
from engine_record import EngineRecord

_SHOWN = 5  # differences of one kind that are spelt out


def examine(request: Request) -> dict[str, Any]:
    """Returns `differences` (sentences), `agrees` (there are none), `summary` (a sentence), what the engine was
    `judged_against`, and the record's `build`.

    Raises Refusal for a record that cannot be read.
    """
    record = EngineRecord.read(request.inputs["record"])
    engine = request.inputs["engine"].read_bytes()
    differences = [*_header(engine, record), *_weights(engine, record)]
    share = sum(weight.size for weight in record.weights) / max(record.weight_bytes, 1)
    return {
        "build": record.build,
        "judged_against": "what its converter wrote down",
        "differences": differences,
        "agrees": not differences,
        "summary": "; ".join(differences)
        or f"its header is one of {record.build['tool']} for {', '.join(record.build['compute_capabilities'])}, and it "
        f"holds {len(record.weights)} weights ({share:.0%} of all bytes) as the ONNX model does",
    }


def _header(engine: bytes, record: EngineRecord) -> list[str]:
    if record.build["kind"] != "ahead-of-time":
        return []  # what TensorRT itself writes is not known here
    try:
        header = read_header(engine)
    except Damaged as damage:
        return [str(damage)]
    found = []
    if header.tool != record.build["tool"]:
        found.append(f"the engine is one of {header.tool}, its record says {record.build['tool']}")
    if header.version != (own := metadata.version("tensorrt-rtx-cu13")):
        found.append(f"TensorRT-RTX {own} cannot run an engine of {header.tool}: convert the model again")
    if header.compute_capabilities != record.build["compute_capabilities"]:
        found.append(
            f"the engine is for {', '.join(header.compute_capabilities)}, its record says "
            f"{', '.join(record.build['compute_capabilities'])}"
        )
    return found


def _weights(engine: bytes, record: EngineRecord) -> list[str]:
    differ = [weight.name for weight in record.weights if not weight.is_in(engine)]
    found = [f"weight {name} is not what it was converted from" for name in differ[:_SHOWN]]
    if len(differ) > _SHOWN:
        found.append(f"and {len(differ) - _SHOWN} more weights")
    return found


if __name__ == "__main__":
    main(examine, tools=("tensorrt-rtx-cu13",))
