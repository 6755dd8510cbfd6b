"""What several of these tests start from."""

from pathlib import Path

import pytest

from conftest import Edgekit


@pytest.fixture(scope="session")
def mixnet_on_ncnn(edgekit: Edgekit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output folder with MixNet_S, its bundled weights, on ncnn, verified. Copy before you change it."""
    out = tmp_path_factory.mktemp("mixnet")
    answer = edgekit("convert", "MixNet_S", "--weights", "demo", "--target", "ncnn", "--verify", "--out", out)
    assert answer.returncode == 0, answer.stderr
    return out
