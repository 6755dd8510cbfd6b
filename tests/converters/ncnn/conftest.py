"""The converter's modules, loaded as its scripts load them, with its folder first on the path."""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

NCNN = Path(__file__).resolve().parents[3] / "converters" / "ncnn"


def load(name: str) -> ModuleType:
    """The module `name` of converters/ncnn."""
    sys.path.insert(0, str(NCNN))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(NCNN))


@pytest.fixture(scope="session")
def onnx_graph() -> ModuleType:
    return load("onnx_graph")


@pytest.fixture(scope="session")
def param_file() -> ModuleType:
    return load("param_file")


@pytest.fixture(scope="session")
def pnnx_process() -> ModuleType:
    return load("pnnx_process")


@pytest.fixture(scope="session")
def rewrites(onnx_graph: ModuleType) -> ModuleType:
    """The package under a name of its own: every target has a package `rewrites`."""
    folder = NCNN / "rewrites"
    spec = importlib.util.spec_from_file_location(
        "ncnn_rewrites", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["ncnn_rewrites"] = module
    spec.loader.exec_module(module)
    return module
