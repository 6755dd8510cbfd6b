from types import ModuleType

import pytest

from tests.converters.loading import load_rewrites


@pytest.fixture(scope="session")
def rewrites() -> ModuleType:
    return load_rewrites("paddle", "speed_rewrites")
