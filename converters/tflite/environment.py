# /// script
# requires-python = ">=3.12,<3.14"
# dependencies = [
#     "onnx2tf==2.6.9",
#     "ai-edge-litert==2.3.0",
#     "flatbuffers==25.12.19",
#     "ml-dtypes==0.6.0",
#     "numpy==2.4.6",
#     "onnx==1.23.2",
#     "protobuf==7.36.2",
#     "psutil==7.2.2",
#     "safetensors==0.8.0",
#     "typing-extensions==4.16.0",
# ]
#
# [tool.edgekit]
# # What run.py and tensors.py need, on other machines too.
# runtime = ["ai-edge-litert", "flatbuffers", "numpy", "safetensors"]
#
# [tool.uv]
# # onnx2tf pins what it was tested with, other versions than these, and declares what its comparisons, splitters and
# # other exporters need. LiteRT's Python files that are used here have no need of the last two.
# override-dependencies = [
#     "ai-edge-litert==2.3.0",
#     "flatbuffers==25.12.19",
#     "ml-dtypes==0.6.0",
#     "numpy==2.4.6",
#     "onnx==1.23.2",
#     "protobuf==7.36.2",
#     "psutil==7.2.2",
#     "h5py ; python_version < '3'",
#     "onnxoptimizer ; python_version < '3'",
#     "onnxruntime ; python_version < '3'",
#     "onnxscript ; python_version < '3'",
#     "onnxsim ; python_version < '3'",
#     "opencv-python ; python_version < '3'",
#     "pytest ; python_version < '3'",
#     "setuptools ; python_version < '3'",
#     "sne4onnx ; python_version < '3'",
#     "sng4onnx ; python_version < '3'",
#     "backports.strenum ; python_version < '3'",
#     "tqdm ; python_version < '3'",
# ]
# ///
"""The environment of this folder's workers: its requirements stand here and nowhere else.

As a program it runs one of them by hand:

    PYTHONPATH=converters/lib uv run --script converters/tflite/environment.py WORKER.py REQUEST.json RESULT.json
"""

import runpy
import sys

sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
