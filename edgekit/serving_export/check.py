# /// script
# requires-python = ">=3.10"
# dependencies = ["numpy>=1.26", "safetensors>=0.4.5"]
# ///
"""Ask a model server for the golden samples' outputs, and prove that they are the artifact's.

    uv run check.py http://127.0.0.1:8000

It speaks the Open Inference Protocol (KServe's V2) over REST. Ends with status 0 where every value lies within what the
artifact was allowed when it was verified, 1 where one does not, 2 where the server does not speak the protocol.
"""

import json
import sys
import urllib.request
from pathlib import Path

import numpy as np
from safetensors import safe_open

HERE = Path(__file__).resolve().parent
DATATYPES = {"float16": "FP16", "float32": "FP32", "float64": "FP64", "uint8": "UINT8"}
SECONDS = 120


def ask(url: str, body: "bytes | None" = None) -> dict:
    """A JSON document from the server."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        return json.load(answer)


def main(url: str) -> int:
    """Check every call of the golden samples; prints what it found."""
    with safe_open(HERE / "golden.safetensors", "np") as file:
        told = json.loads(file.metadata()["edgekit"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  it is no dictionary
    base, each, wrong, values = f"{url.rstrip('/')}/v2/models/{told['model']}", told["batch"], 0, 0
    urllib.request.urlopen(f"{base}/ready", timeout=SECONDS).close()
    for start in range(0, told["samples"], each):
        rows = slice(start, start + each)
        inputs = []
        for name in told["inputs"]:
            value = tensors[f"input/{name}"][rows]
            shape, datatype = list(value.shape), DATATYPES[str(value.dtype)]
            inputs.append({"name": name, "shape": shape, "datatype": datatype, "data": value.ravel().tolist()})
        answer = ask(f"{base}/infer", json.dumps({"inputs": inputs}).encode())
        outputs = {one["name"]: one for one in answer["outputs"]}
        for name in told["outputs"]:
            lower, upper = tensors[f"lower/{name}"][rows], tensors[f"upper/{name}"][rows]
            given = np.asarray(outputs[name]["data"], np.float64).reshape(lower.shape)
            outside = ~((given >= lower) & (given <= upper))
            wrong, values = wrong + int(outside.sum()), values + given.size
            if outside.any():
                row = int(outside.reshape(len(outside), -1).any(axis=1).argmax())
                print(f"sample {start + row}: {int(outside[row].sum())} values of {name} are not the artifact's")
    said = "the server's answers are the artifact's" if not wrong else "the server computes something else"
    print(f"{told['model']}: {values - wrong} of {values} values are within their limits: {said}")
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {Path(sys.argv[0]).name} URL, such as http://127.0.0.1:8000")
    try:
        sys.exit(main(sys.argv[1]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"{sys.argv[1]} does not answer as the protocol has it: {type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(2)
