from pathlib import Path
from types import ModuleType

import pytest

from tests.converters.loading import load, load_rewrites


@pytest.fixture(scope="session")
def nb_format() -> ModuleType:
    return load("lite", "nb_format")


@pytest.fixture(scope="session")
def dataflow() -> ModuleType:
    return load("lite", "dataflow")


@pytest.fixture(scope="session")
def offline() -> ModuleType:
    return load("lite", "offline")


@pytest.fixture(scope="session")
def supported_ops() -> ModuleType:
    return load("lite", "supported_ops")


@pytest.fixture(scope="session")
def rewrites() -> ModuleType:
    return load_rewrites("lite")


@pytest.fixture(scope="session")
def tiny_files() -> dict[str, Path]:
    """The tiny program converted with Paddle Lite 2.13rc0; test_convert proves that these are its bytes."""
    folder = Path(__file__).parent / "data"
    return {target: folder / f"tiny.{target}.nb" for target in ("arm", "x86")}
