"""The graph of a Paddle Lite model, and the variables inside an x86 one as Paddle Lite's light runtime computes them.

Inputs: `model` (a .nb file), `tensors` (one batch; absent for the graph alone, which an ARM file has too). Options:
`names` (see `edgeworker.observe`), `inputs` (program's name -> the file's), `threads`.

The runtime hands out only what a `fetch` operator names, so a copy of the file gets one for each tensor asked for.
"""

import os
from typing import Any

import numpy as np
from edgeworker.observe import Graph, observe_job
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from edgeworker.runner import Tensors
from nb_format import read_nb
from nb_graph import nb_graph
from nb_program import with_fetches


class LiteObservable:
    """One model file."""

    def __init__(self, request: Request) -> None:
        self._path = request.inputs["model"]
        self._model = read_nb(self._path)
        self._scratch = request.output / "fetching.nb"
        self._inputs: dict[str, str] = request.options.get("inputs") or {}

    def graph(self) -> Graph:
        """Its operators; a variable that is written again later is hidden until then."""
        return nb_graph(self._model)

    def observe(self, inputs: Tensors, names: list[str]) -> Tensors:
        """Run a copy that fetches `names`."""
        if "ARM" in self._model.targets():
            raise Refusal(f"{self._path.name} was converted for ARM; this host runs x86 models", kind="input")
        from paddlelite.lite import MobileConfig, create_paddle_predictor

        fed = {self._inputs.get(name, name): value for name, value in inputs.items()}
        asked = [name for name in names if name not in fed]
        self._scratch.write_bytes(with_fetches(self._path.read_bytes(), asked))
        try:
            config = MobileConfig()
            config.set_model_from_file(str(self._scratch))
            predictor = create_paddle_predictor(config)
            for name, value in fed.items():
                predictor.get_input_by_name(name).from_numpy(np.ascontiguousarray(value, dtype=np.float32))
            predictor.run()
            found = {name: np.array(predictor.get_output_by_name(name).numpy()) for name in asked}
        finally:
            self._scratch.unlink()
        return found | {name: fed[name] for name in names if name in fed}


def job(request: Request) -> dict[str, Any]:
    """`observe_job` with Paddle Lite."""
    threads = str(request.options.get("threads", 1))
    os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = threads
    return observe_job(LiteObservable, request)


if __name__ == "__main__":
    main(job, tools=("paddlelite",))
