# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = [
#     "uvicorn==0.54.0",
#     "anyio==4.16.0",
#     "click==8.5.1",
#     "grpcio==1.85.3",
#     "h11==0.16.0",
#     "httptools==0.9.0",
#     "idna==3.20",
#     "ml-dtypes==0.5.4",
#     "msgspec==0.22.0",
#     "numpy==2.4.6",
#     "packaging==26.4",
#     "pillow==13.0.0",
#     "prometheus-client==0.26.0",
#     "protobuf==6.33.6",
#     "python-rapidjson==1.25",
#     "safetensors==0.8.0",
#     "starlette==1.10.0",
#     "tritonclient[grpc]==2.73.0",
#     "typing-extensions==4.16.0",
#     "urllib3==2.8.0",
#     "uvloop==0.23.0",
# ]
# ///
"""The environment of this folder's workers: its requirements stand here and nowhere else.

tritonclient has the protocol's gRPC messages. As a program it runs a worker by hand:

    PYTHONPATH=converters/lib uv run --script converters/serving/environment.py WORKER.py REQUEST.json RESULT.json
"""

import runpy
import sys

sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
