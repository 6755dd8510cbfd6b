"""Loads one network's file of the installed PaddleClas and nothing around it.

PaddleClas's packages import their whole training stack when they are imported: scikit-learn, OpenCV, packages it
does not declare. So empty packages stand in their place, which only say where the files are; the network's own
file and what it imports are PaddleClas's, unchanged. What would download or unpickle weights is out of reach.
"""

import importlib
import importlib.util
import logging
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from paddle_runtime import paddle

ARCHITECTURES, BACKBONES = "ppcls.arch", "ppcls.arch.backbone"
PACKAGES = (
    "ppcls",
    ARCHITECTURES,
    f"{ARCHITECTURES}.gears",
    BACKBONES,
    f"{BACKBONES}.base",
    f"{BACKBONES}.legendary_models",
    f"{BACKBONES}.model_zoo",
    f"{BACKBONES}.variant_models",
)


class AttributeTable(dict):
    """A dictionary whose keys are attributes too, as EfficientNetV2 wants its configuration."""

    def __getattr__(self, name: str) -> Any:
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


def load_factory(module: str, factory: str, package: str = BACKBONES) -> Callable[..., paddle.nn.Layer]:
    """The function or class `factory` of PaddleClas's file `module`, such as `model_zoo.mixnet`, `MixNet_S`."""
    if "ppcls" not in sys.modules:
        _stand_in_for_packages()
    loaded = importlib.import_module(f"{package}.{module}")
    # Factories look the address of their weights up even where none are wanted, and some are missing from the table.
    loaded.__dict__["MODEL_URLS"] = defaultdict(str, getattr(loaded, "MODEL_URLS", {}))
    return getattr(loaded, factory)


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
    # Necks ask it for parameters' initialisers and rates, which training alone needs.
    _add_module(f"{ARCHITECTURES}.utils", get_param_attr_dict=lambda given: given)
    _add_module("ppcls.utils.save_load", load_dygraph_pretrain=_no_download)
    _add_module("ppcls.utils.download", get_weights_path_from_url=_no_download)
    _add_module("ppcls.utils.config", AttrDict=AttributeTable)


def _add_module(name: str, **attributes: Any) -> None:
    module = ModuleType(name)
    module.__dict__.update(attributes)
    sys.modules[name] = module


def _no_download(*_: object, **__: object) -> NoReturn:
    raise PermissionError("weights come from the request's file; PaddleClas may neither download nor unpickle any")
