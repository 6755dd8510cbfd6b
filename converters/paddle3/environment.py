# /// script
# requires-python = ">=3.10,<3.13"
# dependencies = [
#     "paddlepaddle==3.3.1",
#     "paddle2onnx==2.1.0",
#     "anyio==4.16.0",
#     "certifi==2026.10.18",
#     "colorama==0.4.6",
#     "exceptiongroup==1.3.1 ; python_version < '3.11'",
#     "h11==0.16.0",
#     "httpcore==1.0.9",
#     "httpx==0.28.1",
#     "idna==3.20",
#     "ml-dtypes==0.6.0",
#     "mpmath==1.3.0",
#     "numpy==2.2.6",
#     "onnx==1.23.2",
#     "onnxslim==0.1.98",
#     "opt-einsum==3.3.0",
#     "packaging==26.3",
#     "pillow==12.3.0",
#     "protobuf==7.36.2",
#     "safetensors==0.8.0",
#     "setuptools==84.2.1",
#     "sympy==1.14.0",
#     "typing-extensions==4.16.0",
# ]
#
# [tool.uv]
# # paddle2onnx asks for an old onnx and for optimisers that only its command line uses; inference needs no networkx.
# override-dependencies = [
#     "networkx ; python_version < '3'",
#     "onnx==1.23.2",
#     "onnxoptimizer ; python_version < '3'",
#     "polygraphy ; python_version < '3'",
# ]
# ///
"""The environment of this folder's workers: its requirements stand here and nowhere else.

As a program it runs one of them by hand:

    PYTHONPATH=converters/lib uv run --script converters/paddle3/environment.py WORKER.py REQUEST.json RESULT.json
"""

import runpy
import sys

sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
