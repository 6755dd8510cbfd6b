# /// script
# requires-python = ">=3.11.4"
# dependencies = [
#     "cmake==3.31.6",
# ]
# ///
"""The environment of this folder's workers: its requirements stand here and nowhere else.

They build programs for devices, with compilers of the system. As a program it runs one of them by hand:

    PYTHONPATH=converters/lib uv run --script converters/native/environment.py WORKER.py REQUEST.json RESULT.json
"""

import runpy
import sys

sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
