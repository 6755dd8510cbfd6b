"""tools/bundle_demo_weights.py makes the bundled file, byte for byte."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgekit.weights.demo import demo_weights

ROOT = Path(__file__).parents[2]
SOURCE = ROOT.parent / "shared" / "weights" / "MixNet_S_cifar10.pdparams"


def test_the_bundled_file_is_reproduced(tmp_path: Path) -> None:
    if not SOURCE.is_file():
        pytest.skip("../shared/weights/MixNet_S_cifar10.pdparams is not here")
    target = tmp_path / "MixNet_S.safetensors"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, ROOT / "tools" / "bundle_demo_weights.py", SOURCE, target]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    demo = demo_weights("MixNet_S")
    assert demo is not None
    assert hashlib.sha256(target.read_bytes()).hexdigest() == demo.sha256
