# /// script
# requires-python = ">=3.10"
# dependencies = [
#     "openvino==2026.4.1",
#     "numpy==2.2.6",
#     "openvino-telemetry==2025.2.0",
#     "protobuf==7.36.2",
#     "safetensors==0.8.0",
# ]
#
# [tool.edgekit]
# # What run.py and tensors.py need, on other machines too.
# runtime = ["openvino", "numpy", "openvino-telemetry", "safetensors"]
# ///
"""The environment of this folder's workers: its requirements stand here and nowhere else.

As a program it runs one of them by hand:

    PYTHONPATH=converters/lib uv run --script converters/openvino/environment.py WORKER.py REQUEST.json RESULT.json
"""

import runpy
import sys

sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
