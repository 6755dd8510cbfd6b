# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = [
#     "numpy==2.4.6",
#     "protobuf==7.36.2",
#     "safetensors==0.8.0",
# ]
#
# [tool.edgekit]
# workers = ["parameters.py"]
# ///
"""The environment of this folder's workers that only read files: they need no TensorRT, of whichever kind.

As a program it runs one of them by hand:

    PYTHONPATH=converters/lib uv run --script converters/tensorrt/environment_to_read.py WORKER REQUEST RESULT
"""

import runpy
import sys

sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
