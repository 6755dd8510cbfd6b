from types import ModuleType

import pytest

from tests.converters.loading import load, load_rewrites


@pytest.fixture(scope="session")
def onnx_graph() -> ModuleType:
    return load("ncnn", "onnx_graph")


@pytest.fixture(scope="session")
def param_file() -> ModuleType:
    return load("ncnn", "param_file")


@pytest.fixture(scope="session")
def pnnx_process() -> ModuleType:
    return load("ncnn", "pnnx_process")


@pytest.fixture(scope="session")
def rewrites(onnx_graph: ModuleType) -> ModuleType:
    """The package, which takes `onnx_graph` for granted."""
    return load_rewrites("ncnn")
