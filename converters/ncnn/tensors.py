"""The graph of an ncnn model, and its blobs as ncnn computes them.

Inputs: `param`, `bin`, `tensors` (one batch of 1; absent for the graph alone). Options: `names` (see
`edgeworker.observe`), `inputs` (program's name -> the blob), `threads`, `precision` ("fp32" or "fp16").

Winograd is off: it makes blobs noisier than the arithmetic that a layer stands for.
"""

# A type checker without the package ncnn takes this folder, which has its name, for it.
# pyright: reportAttributeAccessIssue=false

from typing import Any

import ncnn
import numpy as np
from edgeworker.observe import Graph, Layer, observe_job
from edgeworker.protocol import Request, main
from edgeworker.refusal import Refusal
from edgeworker.runner import Tensors
from param_file import ParamFile
from param_names import described
from run import HALF_PRECISION
from weights_file import UnknownLayout, WeightsFile


class NcnnObservable:
    """One network; with `lightmode` off an extractor keeps every blob it has computed."""

    def __init__(self, request: Request) -> None:
        self._param, self._bin = request.inputs["param"], request.inputs["bin"]
        self._network = ParamFile.read(self._param)
        self._inputs: dict[str, str] = request.options.get("inputs") or {}
        self._options = request.options

    def graph(self) -> Graph:
        """Its layers. `Split` copies a blob for several readers; they count as readers of the one blob."""
        alias = {
            blob: layer.inputs[0] for layer in self._network.layers if layer.type == "Split" for blob in layer.outputs
        }
        constants = {blob for layer in self._network.layers if layer.type == "MemoryData" for blob in layer.outputs}
        try:
            weights = WeightsFile.read(self._network, self._bin)
            digests = {layer.name: weights.digests(layer.name) for layer in self._network.layers}
        except UnknownLayout:
            digests = {}

        def blobs(layer: Any) -> list[str]:
            names = [_first(alias, name) for name in layer.inputs]
            return [name for name in dict.fromkeys(names) if name not in constants]

        maker = {blob: layer.name for layer in self._network.layers for blob in layer.outputs}
        layers = [
            Layer(
                layer.name,
                layer.type,
                blobs(layer),
                layer.outputs,
                described(layer),
                {
                    **digests.get(layer.name, {}),
                    **{
                        f"{maker[name]}.{part}": value
                        for name in (_first(alias, one) for one in layer.inputs)
                        if name in constants
                        for part, value in digests.get(maker[name], {}).items()
                    },
                },
            )
            for layer in self._network.layers
            if layer.type not in ("Input", "Split", "MemoryData")
        ]
        return Graph(self._network.inputs(), self._network.outputs(), layers)

    def observe(self, inputs: Tensors, names: list[str]) -> Tensors:
        """Run one sample and take the blobs `names`, each with a leading 1."""
        net = ncnn.Net()
        net.opt.num_threads = int(self._options.get("threads", 1))
        net.opt.use_vulkan_compute = False
        net.opt.use_winograd_convolution = False
        net.opt.lightmode = False
        if self._options.get("precision", "fp32") != "fp16":
            for option in HALF_PRECISION:
                setattr(net.opt, option, False)
        if net.load_param(str(self._param)) != 0:
            unknown = sorted({one.type for one in self._network.layers if ncnn.layer_to_index(one.type) < 0})
            raise Refusal(f"ncnn cannot load {self._param.name}: unknown layers {', '.join(unknown) or 'none'}")
        if net.load_model(str(self._bin)) != 0:
            raise Refusal(f"ncnn cannot load {self._bin.name}: it does not fit {self._param.name}", kind="input")
        found: Tensors = {}
        with net.create_extractor() as extractor:
            for name, value in inputs.items():
                if len(value) != 1:
                    raise Refusal(f"ncnn takes one sample at a time; {name} holds {len(value)}", kind="input")
                blob = self._inputs.get(name, name)
                mat = ncnn.Mat(np.ascontiguousarray(value[0], dtype=np.float32)).clone()
                if extractor.input(blob, mat) != 0:
                    raise Refusal(f"ncnn does not take the input {blob} of {list(value.shape)}")
            for name in names:
                # A layer that fails leaves its blobs, and those behind it, absent.
                status, mat = extractor.extract(name)
                if status == 0:
                    found[name] = np.array(mat, dtype=np.float32)[None]
        return found


def _first(alias: dict[str, str], blob: str) -> str:
    while blob in alias:
        blob = alias[blob]
    return blob


def job(request: Request) -> dict[str, Any]:
    """`observe_job` with ncnn."""
    return observe_job(NcnnObservable, request)


if __name__ == "__main__":
    main(job, tools=("ncnn",))
