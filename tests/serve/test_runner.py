"""A runner that does not answer is ended by itself, the others go on, and its end says why."""

import queue
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from conftest import PATIENCE_SECONDS
from edgekit.errors import WorkerError
from edgekit.pipeline.target import targets
from edgekit.serve.link import Link
from edgekit.serve.runner import Ended, ModelRunner
from edgekit.serve.served import Served
from edgekit.toolchain.command import Cancelled
from edgekit.toolchain.worker import Toolchain
from tests.serve.manifests import manifest_of


class Hanging:
    """Workers that run until they are ended."""

    def __init__(self) -> None:
        self.started = threading.Semaphore(0)

    def run(self, *_: Any, cancelled: threading.Event, **__: Any) -> None:
        self.started.release()
        if cancelled.wait(PATIENCE_SECONDS):
            raise Cancelled


def test_one_that_hangs_is_ended_alone(tmp_path: Path) -> None:
    manifest, ended, toolchain = manifest_of(), queue.Queue[Ended](), Hanging()
    one = SimpleNamespace(
        title="m onnx", artifact=SimpleNamespace(manifest=manifest), variant=targets()["onnx"].variants[0]
    )
    links = [Link({"slots": 1, "bytes": 64, "inputs": [], "outputs": []}) for _ in range(2)]
    runners = [
        ModelRunner(
            str(number), cast(Served, one), tmp_path, link, cast(Toolchain, toolchain), 1, tmp_path / "scratch", ended
        )
        for number, link in enumerate(links)
    ]
    try:
        for runner in runners:
            runner.start()
            assert toolchain.started.acquire(timeout=PATIENCE_SECONDS)
        for number in range(2):  # and the next one, too
            runners[0].end_hung()
            found = ended.get(timeout=PATIENCE_SECONDS)
            assert (found.who, str(found.trouble)) == ("0", "the runner of m onnx did not answer, and was ended")
            assert isinstance(found.trouble, WorkerError)
            runners[0].join()
            if number == 0:
                runners[0].start()
                assert toolchain.started.acquire(timeout=PATIENCE_SECONDS)
        assert ended.empty()
        runners[1].stop()
        assert isinstance(ended.get(timeout=PATIENCE_SECONDS).trouble, Cancelled)
    finally:
        for runner in runners:
            runner.stop()
            runner.join()
        for link in links:
            link.close()
