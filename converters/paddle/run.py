# /// script
# requires-python = ">=3.10,<3.13"
# dependencies = [
#     "paddlepaddle==2.6.2",
#     "paddleclas==2.6.0",
#     "numpy==1.26.4",
#     "safetensors==0.8.0",
#     "anyio==4.16.0",
#     "astor==0.8.1",
#     "certifi==2026.10.18",
#     "decorator==5.3.1",
#     "exceptiongroup==1.3.1 ; python_version < '3.11'",
#     "h11==0.16.0",
#     "httpcore==1.0.9",
#     "httpx==0.28.1",
#     "idna==3.20",
#     "opt-einsum==3.3.0",
#     "pillow==12.3.0",
#     "protobuf==7.36.2",
#     "setuptools==84.2.1",
#     "typing-extensions==4.16.0",
# ]
#
# [tool.uv]
# # PaddleClas asks for an old numpy and for what its training and retrieval need; a network's own file needs none.
# override-dependencies = [
#     "numpy==1.26.4",
#     "easydict ; python_version < '3'",
#     "faiss-cpu ; python_version < '3'",
#     "gast ; python_version < '3'",
#     "opencv-python ; python_version < '3'",
#     "prettytable ; python_version < '3'",
#     "pyyaml ; python_version < '3'",
#     "scikit-learn ; python_version < '3'",
#     "scipy ; python_version < '3'",
#     "tqdm ; python_version < '3'",
#     "ujson ; python_version < '3'",
#     "visualdl ; python_version < '3'",
# ]
# ///
"""What artifacts are judged against: the program in FP32 with Paddle Inference, and the same program in float64."""

from pathlib import Path
from typing import Any

from edgeworker.protocol import Request, main
from edgeworker.reference import reference_job
from edgeworker.runner import Tensors
from oracle import Oracle
from paddle_runtime import paddle
from program import PARAMETERS_FILE, PROGRAM_FILE, ports, read


class Reference:
    """A Paddle Inference predictor on the CPU, in FP32. A session, see `edgeworker.runner`."""

    def __init__(self, folder: Path, threads: int) -> None:
        config = paddle.inference.Config(str(folder / PROGRAM_FILE), str(folder / PARAMETERS_FILE))
        config.disable_gpu()
        config.disable_glog_info()
        config.enable_memory_optim()
        config.set_cpu_math_library_num_threads(threads)
        self._predictor = paddle.inference.create_predictor(config)

    def run(self, inputs: Tensors) -> Tensors:
        """One batch by input name; every output by name."""
        for name, value in inputs.items():
            self._predictor.get_input_handle(name).copy_from_cpu(value)
        self._predictor.run()
        return {
            name: self._predictor.get_output_handle(name).copy_to_cpu() for name in self._predictor.get_output_names()
        }


def run(request: Request) -> dict[str, Any]:
    """`reference_job` for the program in `request.inputs["program"]`."""
    inputs, _ = ports(read(request.inputs["program"]))
    return reference_job(request, inputs, Reference, Oracle)


if __name__ == "__main__":
    main(run, tools=["paddlepaddle"])
