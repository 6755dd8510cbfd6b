# /// script
# requires-python = ">=3.10,<3.13"
# dependencies = [
#     "nncf==3.4.0",
#     "cloudpickle==3.1.3",
#     "joblib==1.6.0",
#     "markdown-it-py==4.3.0",
#     "mdurl==0.1.2",
#     "narwhals==2.29.0",
#     "networkx==3.6.1",
#     "ninja==1.13.2",
#     "numpy==2.2.6",
#     "openvino==2026.4.1",
#     "openvino-telemetry==2025.2.0",
#     "packaging==26.4",
#     "protobuf==7.36.2",
#     "psutil==7.2.2",
#     "pydot==4.0.1",
#     "pygments==2.21.0",
#     "pyparsing==3.3.3",
#     "rich==15.0.0",
#     "safetensors==0.8.0",
#     "scikit-learn==1.9.1",
#     "scipy==1.17.1",
#     "tabulate==0.10.0",
#     "threadpoolctl==3.8.0",
# ]
# ///
"""The environment of this folder's workers: its requirements stand here and nowhere else.

NNCF quantises OpenVINO's models without torch, and is not needed to run them. As a program it runs a worker by hand:

    PYTHONPATH=converters/lib uv run --script converters/nncf/environment.py WORKER.py REQUEST.json RESULT.json
"""

import runpy
import sys

sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
