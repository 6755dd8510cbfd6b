"""Devices are asked side by side, and no longer than anybody waits for the answer."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Answer = TypeVar("Answer")


def asked_side_by_side(names: Sequence[str], ask: Callable[[str, threading.Event], Answer]) -> list[Answer]:
    """What `ask` says of each name, in their order; it is told when the answer is not wanted any more.

    Raises what the first of them raises, and KeyboardInterrupt.
    """
    cancelled = threading.Event()
    with ThreadPoolExecutor(max_workers=max(1, len(names))) as pool:
        answers = [pool.submit(ask, name, cancelled) for name in names]
        try:
            return [answer.result() for answer in answers]
        except BaseException:
            cancelled.set()
            raise
