# /// script
# requires-python = ">=3.10"
# dependencies = [
#     "mnn==3.6.1",
#     "numpy==2.2.6",
#     "protobuf==7.36.2",
#     "safetensors==0.8.0",
# ]
#
# [tool.edgekit]
# # What run.py and tensors.py need, on other machines too.
# runtime = ["mnn", "numpy", "safetensors"]
# ///
"""The environment of this folder's workers: its requirements stand here and nowhere else.

As a program it runs one of them by hand:

    PYTHONPATH=converters/lib uv run --script converters/mnn/environment.py WORKER.py REQUEST.json RESULT.json
"""

import runpy
import sys

sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
