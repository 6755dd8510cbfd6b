# /// script
# requires-python = ">=3.10"
# dependencies = [
#     "ncnn==1.0.20261020",
#     "ml-dtypes==0.6.0",
#     "numpy==2.2.6",
#     "onnx==1.23.2",
#     "pnnx==20261020",
#     "protobuf==7.36.2",
#     "safetensors==0.8.0",
#     "typing-extensions==4.16.0",
# ]
#
# [tool.edgekit]
# # What run.py and tensors.py need, on other machines too.
# runtime = ["ncnn", "numpy", "safetensors"]
#
# [tool.uv]
# # pnnx declares torch for its Python front; its executable, all that is used here, has no need of it.
# # ncnn declares what its model zoo downloads with.
# override-dependencies = [
#     "portalocker ; python_version < '3'",
#     "requests ; python_version < '3'",
#     "torch ; python_version < '3'",
#     "tqdm ; python_version < '3'",
# ]
# ///
"""The environment of this folder's workers: its requirements stand here and nowhere else.

As a program it runs one of them by hand:

    PYTHONPATH=converters/lib uv run --script converters/ncnn/environment.py WORKER.py REQUEST.json RESULT.json
"""

import runpy
import sys

sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
