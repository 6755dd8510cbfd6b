"""The layer on which a converter or a runtime gives up: ever shorter models are converted and run, by bisection."""

from collections.abc import Mapping, Sequence

from edgekit.diagnose.graph import Graph, Layer
from edgekit.diagnose.inside import Inside, Laboratory
from edgekit.diagnose.steps import File, Step
from edgekit.errors import ConversionError
from edgekit.pipeline.limits import CONVERSION_LIMITS
from edgekit.pipeline.stage import SourceFile, Stage, StageFile
from edgekit.pipeline.store import StageResult

# What a cut leaves, by the role that it has for the runner of its format.
CUT_FILES: dict[str, dict[str, str]] = {
    "program": {"program": ""},
    "onnx": {"model": "model.onnx"},
    "openvino": {"model": "model.xml", "weights": "model.bin"},
    "ncnn": {"param": "model.ncnn.param", "bin": "model.ncnn.bin"},
    "lite": {"model": "model.nb"},
    "tflite": {"model": "model.tflite"},
    "mnn": {"model": "model.mnn"},
}
# What a conversion leaves: the same but for Paddle Lite, which makes a file for each kind of machine.
CONVERTED_FILES = {**CUT_FILES, "lite": {"model": "model.x86.nb"}}


def cut_stage(
    source: Step, inputs: Mapping[str, Sequence[int]], outputs: Sequence[str], laboratory: Laboratory, about: str
) -> Stage:
    """The run that cuts what computes `outputs` from `inputs` (tensor -> shape) out of a step."""
    return Stage(
        worker=source.worker("cut.py"),
        about=about,
        inputs={role: file for role, file in source.files.items() if role != "tensors"},
        options={"inputs": {name: list(shape) for name, shape in inputs.items()}, "outputs": list(outputs)},
        memory_bytes=laboratory.memory_bytes,
        limits=CONVERSION_LIMITS,
    )


def conversion_of_cut(worker: str, role: str, file: File, laboratory: Laboratory) -> Stage:
    """The conversion of a cut by `worker`, without rewrites: it was cut out behind them."""
    return Stage(
        worker=worker,
        about="conversion of what was cut out",
        inputs={role: file},
        options={"precision": "fp32", "rewrites": []},
        memory_bytes=laboratory.memory_bytes,
        limits=CONVERSION_LIMITS,
    )


class Breaking:
    """Looks for the layer of `source` on which the converter `worker` of `target` gives up.

    With `sample`, the inputs of one call, what was converted is run too: it may be the runtime that gives up.
    """

    def __init__(
        self,
        source: Step,
        graph: Graph,
        shapes: Mapping[str, Sequence[int]],
        target: str,
        worker: str,
        laboratory: Laboratory,
        sample: SourceFile | None = None,
    ) -> None:
        self.source, self.graph, self.shapes = source, graph, shapes
        self.target, self.worker = target, worker
        self.laboratory, self.sample = laboratory, sample

    def locate(self) -> Layer | None:
        """The first layer, in the order of computation, up to which the model cannot be converted; None where it can.

        A converter that gives up on a layer gives up on all that is computed from it, so the border between what
        converts and what does not is found in a dozen conversions.
        """
        layers = [position for position in range(len(self.graph.layers)) if self.graph.observable(position)]
        low, high = -1, len(layers) - 1
        if not self.fails(layers[high]):
            return None
        while high - low > 1:
            middle = (low + high) // 2
            if self.fails(layers[middle]):
                high = middle
            else:
                low = middle
        return self.graph.layers[layers[high]]

    def fails(self, position: int) -> bool:
        """Whether the converter, or the runtime, gives up on what leads to a layer. Raises what else goes wrong."""
        output = self.graph.observable(position)[:1]
        stage = cut_stage(self.source, self.shapes, output, self.laboratory, f"cutting up to {output[0]}")
        self.laboratory.run([stage])
        (name,) = CUT_FILES[self.source.format].values()
        role = "program" if self.source.format == "program" else "onnx"
        converted = conversion_of_cut(self.worker, role, StageFile(stage, name), self.laboratory)
        try:
            (result,) = self.laboratory.run([converted])
            if self.sample is not None:
                self.laboratory.run([self.run_of(converted, result, output[0], self.sample)])
        except ConversionError:
            return True
        return False

    def run_of(self, converted: Stage, result: StageResult, output: str, sample: SourceFile) -> Stage:
        """The run of what a cut was converted to."""
        names = result.details.get("io") or {}
        files = {role: StageFile(converted, name) for role, name in CONVERTED_FILES[self.target].items()}
        step = Step("cut", f"what leads to {output}", self.target, files, options={"inputs": names.get("inputs", {})})
        return Inside(step, self.laboratory).stage([names.get("outputs", {}).get(output, output)], sample)
