"""Builds an engine from an ONNX file with TensorRT or TensorRT-RTX, whose Python modules have the same shape."""

from pathlib import Path
from typing import Any

from edgeworker.refusal import Refusal
from trt_log import first_reason, make_log

_SHOWN = 3  # parser errors that are spelt out


class EngineBuilder:
    """A builder of the module `trt`. Set what is particular on `config` before `build`.

    TF32, which TensorRT uses for FP32 unless told not to, is off: it has 10 bits of mantissa.
    """

    def __init__(self, trt: Any, tool: str) -> None:
        self._trt = trt
        self.tool = tool
        self._log = make_log(trt)
        self._builder = self._made(trt.Builder(self._log), "start")
        self._network = self._made(
            self._builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)), "start"
        )
        self.config = self._made(self._builder.create_builder_config(), "start")
        self.config.clear_flag(trt.BuilderFlag.TF32)

    def build(self, onnx: Path, max_batch: int) -> bytes:
        """The serialized engine. `max_batch` bounds a batch that the model leaves open.

        Raises Refusal for operators that the parser lacks, and where the builder fails.
        """
        parser = self._trt.OnnxParser(self._network, self._log)
        if not parser.parse_from_file(str(onnx)):
            errors = [parser.get_error(index) for index in range(parser.num_errors)]
            listed = "; ".join(
                f"{error.node_operator()} {error.node_name()}: {error.desc()}" for error in errors[:_SHOWN]
            )
            more = f" (and {len(errors) - _SHOWN} more)" if len(errors) > _SHOWN else ""
            raise Refusal(f"{self.tool}'s ONNX parser cannot read the model: {listed or 'no reason given'}{more}")
        self._open_batch(max_batch)
        engine = self._made(self._builder.build_serialized_network(self._network, self.config), "build the engine")
        return bytes(engine)

    def ports(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The network's inputs and outputs: name, shape (-1: any) and dtype."""
        network = self._network
        return (
            [self._port(network.get_input(index)) for index in range(network.num_inputs)],
            [self._port(network.get_output(index)) for index in range(network.num_outputs)],
        )

    def _port(self, tensor: Any) -> dict[str, Any]:
        dtype = self._trt.nptype(tensor.dtype)
        return {"name": tensor.name, "shape": list(tensor.shape), "dtype": dtype.__name__}

    def _open_batch(self, max_batch: int) -> None:
        inputs, _ = self.ports()
        if all(extent >= 0 for port in inputs for extent in port["shape"]):
            return
        profile = self._builder.create_optimization_profile()
        for port in inputs:
            first, *rest = port["shape"]
            if first != -1 or -1 in rest:
                raise Refusal(
                    f"input {port['name']} is {port['shape']}: an engine can leave open the batch alone", kind="input"
                )
            # The kernels are chosen for one sample, which is what an app most often has.
            profile.set_shape(port["name"], (1, *rest), (1, *rest), (max_batch, *rest))
        self.config.add_optimization_profile(profile)

    def _made(self, made: Any, what: str) -> Any:
        if made is None:
            reason = first_reason(self._log.errors)
            if "FP32 GEMM is not supported" in reason:
                raise Refusal(
                    f"{self.tool} has no FP32 matrix products for sm75 (Turing)",
                    "Leave sm75 out, or convert with --precision fp16",
                    kind="input",
                )
            raise Refusal(f"{self.tool} could not {what}: {reason}")
        return made
