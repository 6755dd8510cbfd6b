"""Loads a worker's modules as its script does: with the worker's own folder first on the path."""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

CONVERTERS = Path(__file__).resolve().parents[2] / "converters"


def load(target: str, name: str) -> ModuleType:
    """The module `name` of `converters/<target>`. Names are unique over all targets, except `rewrites`."""
    folder = str(CONVERTERS / target)
    sys.path.insert(0, folder)
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(folder)


def load_rewrites(target: str, kind: str = "rewrites") -> ModuleType:
    """The package `kind` of a target, under a name of its own: every target has one of rewrites."""
    folder = CONVERTERS / target / kind
    name = f"{target}_{kind}"
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def load_own(target: str, name: str) -> ModuleType:
    """A module that several targets have under one name (`parameters`), under a name of its own."""
    folder = CONVERTERS / target
    spec = importlib.util.spec_from_file_location(f"{target}_{name}", folder / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(folder))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
    return module
