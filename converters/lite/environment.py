# /// script
# requires-python = "==3.10.*"
# dependencies = [
#     "paddlelite==2.13rc0",
#     "numpy==1.26.4",
#     "protobuf==7.36.2",
#     "safetensors==0.7.0",
# ]
# ///
"""The environment of this folder's workers: its requirements stand here and nowhere else.

As a program it runs one of them by hand:

    PYTHONPATH=converters/lib uv run --script converters/lite/environment.py WORKER.py REQUEST.json RESULT.json
"""

import runpy
import sys

sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
