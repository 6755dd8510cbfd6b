# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = [
#     "paddle2onnx==1.3.1",
#     "colorama==0.4.6",
#     "flatbuffers==25.12.19",
#     "ml-dtypes==0.6.0",
#     "mpmath==1.3.0",
#     "numpy==2.4.6",
#     "onnx==1.23.2",
#     "onnxruntime==1.32.0",
#     "onnxslim==0.1.98",
#     "packaging==26.3",
#     "protobuf==7.36.2",
#     "safetensors==0.8.0",
#     "sympy==1.14.0",
#     "typing-extensions==4.16.0",
# ]
#
# [tool.edgekit]
# # What run.py and tensors.py need, on other machines too.
# runtime = [
#     "onnxruntime", "flatbuffers", "ml-dtypes", "numpy", "onnx", "packaging", "protobuf", "safetensors",
#     "typing-extensions",
# ]
# ///
"""The environment of this folder's workers: its requirements stand here and nowhere else.

As a program it runs one of them by hand:

    PYTHONPATH=converters/lib uv run --script converters/onnx/environment.py WORKER.py REQUEST.json RESULT.json
"""

import runpy
import sys

sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
