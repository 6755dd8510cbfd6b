"""Foreign clients of a server: `python clients.py WHAT JSON` prints what they found as one JSON document.

Runs in the environment beside it, and imports nothing of edgekit.
"""

import asyncio
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file


def golden(told: dict[str, Any]) -> dict[str, np.ndarray]:
    """The golden samples of the artifact that is served."""
    return load_file(told["golden"])


def off(value: np.ndarray, told: dict[str, Any], rows: slice = slice(0, 1)) -> float:
    """How far an answer is from the oracle, relative to the largest value."""
    truth = golden(told)["oracle/logits"][rows]
    return float(np.abs(value - truth).max() / np.abs(truth).max())


def triton(told: dict[str, Any]) -> dict[str, Any]:
    """tritonclient, by REST and by gRPC, with tensors in binary and in JSON."""
    import tritonclient.grpc
    import tritonclient.http
    from tritonclient.utils import InferenceServerException

    tensors, found = golden(told), {}
    x = tensors["input/x"][:1]
    for name, module, url in (("http", tritonclient.http, told["http"]), ("grpc", tritonclient.grpc, told["grpc"])):
        client = module.InferenceServerClient(url)
        assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("MixNet_S")
        metadata = client.get_model_metadata("MixNet_S", **({"as_json": True} if name == "grpc" else {}))
        fed = module.InferInput("x", x.shape, "FP32")
        fed.set_data_from_numpy(x)
        answers = {"": client.infer("MixNet_S", [fed], request_id="7")}
        for version in told["versions"]:
            answers[version] = client.infer("MixNet_S", [fed], model_version=version)
        if name == "http":
            plain = module.InferInput("x", x.shape, "FP32")
            plain.set_data_from_numpy(x, binary_data=False)
            outputs = [module.InferRequestedOutput("logits", binary_data=False)]
            answers["json"] = client.infer("MixNet_S", [plain], outputs=outputs)
        photo = module.InferInput("photo", [1], "BYTES")
        photo.set_data_from_numpy(np.array([tensors["photo_file"].tobytes()], object))
        classes = client.infer("MixNet_S-photos", [photo], parameters={"top": 3})
        errors = []
        flat = module.InferInput("x", x.shape, "FP32")
        flat.set_data_from_numpy(x)
        flat.set_shape([1] * 70)
        for model, given in (("absent", fed), ("MixNet_S", photo), ("MixNet_S", flat)):
            try:
                client.infer(model, [given])
            except InferenceServerException as error:
                errors.append([error.status(), error.message()])
        found[name] = {
            "metadata": metadata,
            "id": answers[""].get_response().id if name == "grpc" else answers[""].get_response()["id"],
            "errors": {key: off(one.as_numpy("logits"), told) for key, one in answers.items()},
            "labels": [one.decode() for one in classes.as_numpy("label")[0]],
            "probabilities": classes.as_numpy("probability")[0].tolist(),
            "classes": classes.as_numpy("class")[0].tolist(),
            "refusals": errors,
        }
    return found


def kserve(told: dict[str, Any]) -> dict[str, Any]:
    """kserve's clients, by REST and by gRPC."""
    from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig

    async def ask() -> dict[str, Any]:
        x, found = golden(told)["input/x"][:1], {}
        rest = InferenceRESTClient(RESTConfig(protocol="v2", retries=0))
        url = f"http://{told['http']}"
        assert await rest.is_server_ready(url) and await rest.is_model_ready(url, "MixNet_S")
        for binary in (True, False):
            fed = InferInput("x", list(x.shape), "FP32")
            fed.set_data_from_numpy(x, binary_data=binary)
            answer = await rest.infer(url, InferRequest("MixNet_S", [fed], request_id="8"), model_name="MixNet_S")
            found[f"rest {binary}"] = off(answer.outputs[0].as_numpy(), told)
        rpc = InferenceGRPCClient(told["grpc"])
        assert await rpc.is_server_ready() and await rpc.is_model_ready("MixNet_S")
        for binary in (True, False):
            fed = InferInput("x", list(x.shape), "FP32")
            fed.set_data_from_numpy(x, binary_data=binary)
            answer = await rpc.infer(InferRequest("MixNet_S", [fed]))
            found[f"grpc {binary}"] = off(answer.outputs[0].as_numpy(), told)
        return found

    return asyncio.run(ask())


def schema(told: dict[str, Any]) -> dict[str, Any]:
    """schemathesis, from the REST description that kserve's own server makes."""
    import subprocess

    from fastapi import FastAPI
    from kserve import ModelRepository
    from kserve.protocol.dataplane import DataPlane
    from kserve.protocol.rest.v2_endpoints import register_v2_endpoints

    application = FastAPI()
    register_v2_endpoints(application, DataPlane(ModelRepository()), None)
    description = application.openapi()
    # Models are loaded and unloaded by no request here.
    description["paths"] = {path: one for path, one in description["paths"].items() if "/repository/" not in path}
    for path in list(description["paths"]):
        # Names that are there, so that more than the lack of a model is tried.
        description["paths"][path.replace("{model_name}", "MixNet_S")] = json.loads(
            json.dumps(description["paths"][path])
        )
    for path, methods in description["paths"].items():
        if "{model_name}" not in path:
            for one in methods.values():
                one["parameters"] = [each for each in one.get("parameters", []) if each["name"] != "model_name"]
                one["operationId"] = one["operationId"] + path
    file = Path(told["folder"], "openapi.json")
    file.write_text(json.dumps(description))
    command = [sys.executable, "-m", "schemathesis.cli", "run", str(file), "--url", f"http://{told['http']}"]
    command += ["--max-examples", str(told["examples"]), "--phases", "fuzzing", "--seed", "1", "--no-color"]
    command += ["--checks", "not_a_server_error,content_type_conformance,response_schema_conformance"]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=told["folder"], check=False)
    return {"status": answer.returncode, "said": answer.stdout[-6000:] + answer.stderr[-2000:]}


def load(told: dict[str, Any]) -> dict[str, Any]:
    """So many clients at once, until a count of answers, or until the server takes no more: each answer is looked at.

    With `stop`, a process id is asked to end after so many answers. `lost` are requests that were sent over a
    connection that the server had taken, and that got no answer.
    """
    import http.client
    import os
    import signal

    x, truth = golden(told)["input/x"], golden(told)["oracle/logits"]
    count, limit = len(x), told["limit"]
    host, port = told["http"].split(":")
    found = {"answered": 0, "wrong": 0, "lost": 0, "busy": 0, "statuses": {}}
    lock, stopped = threading.Lock(), threading.Event()

    def work(number: int) -> None:
        connection: http.client.HTTPConnection | None = None
        turn = number
        while not stopped.is_set():
            if connection is None:
                connection = http.client.HTTPConnection(host, int(port), timeout=120)
                try:
                    connection.connect()
                except OSError:
                    return  # it takes no more
            row = turn % count
            turn += 1
            raw = x[row : row + 1].tobytes()
            tensor = {"name": "x", "shape": list(x[:1].shape), "datatype": "FP32"}
            tensor["parameters"] = {"binary_data_size": len(raw)}
            head = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
            try:
                headers = {"Inference-Header-Content-Length": str(len(head))}
                connection.request("POST", "/v2/models/MixNet_S/infer", head + raw, headers)
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException) as error:
                with lock:
                    found["lost"] += 1
                    found["statuses"][type(error).__name__] = found["statuses"].get(type(error).__name__, 0) + 1
                return
            if answer.getheader("connection") == "close":
                connection.close()
                connection = None
            with lock:
                if answer.status == 200:
                    length = int(answer.getheader("inference-header-content-length") or 0)
                    value = np.frombuffer(body[length:], np.float32)
                    error = float(np.abs(value - truth[row]).max() / np.abs(truth[row]).max())
                    found["wrong"] += not error <= limit
                    found["answered"] += 1
                else:
                    key = str(answer.status)
                    found["statuses"][key] = found["statuses"].get(key, 0) + 1
                if found["answered"] == told.get("stop_after"):
                    os.kill(told["stop"], signal.SIGTERM)
                if found["answered"] >= told["answers"]:
                    stopped.set()

    began = time.perf_counter()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(told["clients"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {**found, "seconds": time.perf_counter() - began}


def configuration(told: dict[str, Any]) -> dict[str, Any]:
    """A configuration of Triton's, as its own messages read it."""
    from google.protobuf import json_format, text_format
    from tritonclient.grpc import model_config_pb2

    read = text_format.Parse(Path(told["file"]).read_text(), model_config_pb2.ModelConfig())
    return json_format.MessageToDict(read)


CLIENTS = {"triton": triton, "kserve": kserve, "schema": schema, "load": load, "configuration": configuration}

if __name__ == "__main__":
    print(json.dumps(CLIENTS[sys.argv[1]](json.loads(sys.argv[2]))))
