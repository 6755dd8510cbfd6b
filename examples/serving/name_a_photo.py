"""Ask `edgekit serve` what is on a photo: python name_a_photo.py http://127.0.0.1:8080 MixNet_S photo.jpg"""

import base64
import json
import sys
import urllib.request
from pathlib import Path

server, model, photo = sys.argv[1:]
one = {"name": "photo", "shape": [1], "datatype": "BYTES", "parameters": {"content_type": "base64"}}
one["data"] = [base64.b64encode(Path(photo).read_bytes()).decode()]
request = urllib.request.Request(
    f"{server}/v2/models/{model}-photos/infer",
    json.dumps({"inputs": [one], "parameters": {"top": 3}}).encode(),
    {"Content-Type": "application/json"},
)
with urllib.request.urlopen(request, timeout=60) as answer:
    outputs = {output["name"]: output["data"] for output in json.load(answer)["outputs"]}
for label, probability in zip(outputs["label"], outputs["probability"], strict=True):
    print(f"{100 * probability:6.2f} %  {label}")
