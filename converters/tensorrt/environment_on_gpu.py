# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = [
#     "tensorrt-cu13==11.4.0.106",
#     "cuda-bindings==13.5.0",
#     "cuda-pathfinder==1.9.0",
#     "flatbuffers==25.12.19",
#     "ml-dtypes==0.6.0",
#     "mpmath==1.3.0",
#     "numpy==2.4.6",
#     "onnx==1.23.2",
#     "onnxruntime==1.32.0",
#     "packaging==26.3",
#     "protobuf==7.36.2",
#     "safetensors==0.8.0",
#     "sympy==1.14.0",
#     "tensorrt-cu13-bindings==11.4.0.106",
#     "tensorrt-cu13-libs==11.4.0.106",
#     "typing-extensions==4.16.0",
# ]
#
# [tool.edgekit]
# needs = "nvidia-gpu"
# workers = ["build.py", "run_built.py"]
# ///
"""The environment of this folder's workers that need a GPU: its requirements stand here and nowhere else.

As a program it runs one of them by hand:

    PYTHONPATH=converters/lib uv run --script converters/tensorrt/environment_on_gpu.py WORKER REQUEST RESULT
"""

import runpy
import sys

sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
