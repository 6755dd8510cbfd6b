"""Which layers a network has, for the library that is built for it.

Input: `param`. Returns `layers`: type -> id of a parameter -> its values in the network, where they are small numbers
(kinds and flags, not sizes or weights).
"""

import re
from typing import Any

from edgeworker.protocol import Request, main
from param_file import ParamFile


def job(request: Request) -> dict[str, Any]:
    """Read the param file. Raises Refusal where it is none."""
    found: dict[str, dict[str, set[int]]] = {}
    for layer in ParamFile.read(request.inputs["param"]).layers:
        parameters = found.setdefault(layer.type, {})
        for name, value in layer.parameters.items():
            if re.fullmatch(r"-?[0-9]{1,2}", value):
                parameters.setdefault(name, set()).add(int(value))
    ordered = {
        kind: {name: sorted(values) for name, values in sorted(parameters.items())}
        for kind, parameters in sorted(found.items())
    }
    return {"layers": ordered}


if __name__ == "__main__":
    main(job, tools=("ncnn",))
