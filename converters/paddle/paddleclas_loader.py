"""Loads one network's file of the installed PaddleClas and nothing around it.

PaddleClas's packages import their whole training stack when they are imported: scikit-learn, OpenCV, packages it
does not declare. So empty packages stand in their place, which only say where the files are; the network's own
file and what it imports are PaddleClas's, unchanged. What would download or unpickle weights is out of reach.
"""

import importlib
import importlib.util
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import numpy as np
from paddle_runtime import paddle

BACKBONES = "ppcls.arch.backbone"
PACKAGES = (
    "ppcls",
    "ppcls.arch",
    BACKBONES,
    f"{BACKBONES}.base",
    f"{BACKBONES}.legendary_models",
    f"{BACKBONES}.model_zoo",
)


def load_factory(module: str, factory: str) -> Callable[..., paddle.nn.Layer]:
    """The function or class `factory` of PaddleClas's file `module`, such as `model_zoo.mixnet`, `MixNet_S`."""
    if "ppcls" not in sys.modules:
        _stand_in_for_packages()
    return getattr(importlib.import_module(f"{BACKBONES}.{module}"), factory)


@contextmanager
def static_construction() -> Iterator[None]:
    """Let every constructor run in static mode.

    Twins reads numbers out of `paddle.linspace(...)` (its drop-path rates), which in static mode is a promise
    without a value; numpy computes the same numbers.
    """
    original = paddle.linspace
    paddle.linspace = lambda start, stop, num: np.linspace(start, stop, num)
    try:
        yield
    finally:
        paddle.linspace = original


def _stand_in_for_packages() -> None:
    spec = importlib.util.find_spec("paddleclas")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("paddleclas is not installed in this environment")
    root = Path(next(iter(spec.submodule_search_locations)))
    for name in PACKAGES:
        _add_module(name, __path__=[str(root.joinpath(*name.split(".")))])
    # Networks only log deprecations of PaddleClas's own functions, several per layer.
    logger = logging.getLogger("ppcls")
    logger.setLevel(logging.ERROR)
    _add_module("ppcls.utils", __path__=[], logger=logger)
    _add_module("ppcls.utils.save_load", load_dygraph_pretrain=_no_download)


def _add_module(name: str, **attributes: Any) -> None:
    module = ModuleType(name)
    module.__dict__.update(attributes)
    sys.modules[name] = module


def _no_download(*_: object, **__: object) -> NoReturn:
    raise PermissionError("weights come from the request's file; PaddleClas may neither download nor unpickle any")
