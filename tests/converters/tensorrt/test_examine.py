import json
import shutil

import pytest

from edgekit.errors import UsageError
from tests.converters.tensorrt.damage import scale_one_channel

pytestmark = pytest.mark.toolchain


@pytest.fixture
def folder(converted, tmp_path):
    """A copy of the engine and its record, to be changed."""
    shutil.copytree(converted[1], tmp_path / "engine")
    return tmp_path / "engine"


def examine(run_worker, folder):
    inputs = {"engine": folder / "model.engine", "record": folder / "model.engine.json"}
    return run_worker("tensorrt/examine.py", inputs, {})[0]


def change_record(folder, **changes):
    path = folder / "model.engine.json"
    record = json.loads(path.read_text())
    record["build"] |= changes
    path.write_text(json.dumps(record))


def test_a_sound_engine_agrees_with_its_record(run_worker, folder):
    found = examine(run_worker, folder)
    assert found["agrees"]
    assert found["summary"].startswith(
        "its header is one of TensorRT-RTX 1.7.1.116 for sm80, sm86, and it holds 163 weights (99% of all bytes)"
    )


def test_one_channel_off_by_a_hundredth_is_named(run_worker, folder):
    name = scale_one_channel(folder / "model.engine", folder / "model.engine.json")
    found = examine(run_worker, folder)
    assert not found["agrees"]
    assert found["differences"] == [f"weight {name} is not what it was converted from"]


def test_an_engine_cut_short_is_noticed(run_worker, folder):
    path = folder / "model.engine"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert f"has {len(whole) - 1} bytes, its header says {len(whole)}" in examine(run_worker, folder)["summary"]


def test_an_engine_for_other_gpus_is_noticed(run_worker, folder):
    change_record(folder, compute_capabilities=["sm86"])
    assert examine(run_worker, folder)["differences"] == ["the engine is for sm80, sm86, its record says sm86"]


def test_an_engine_of_another_release_is_noticed(run_worker, folder):
    path = folder / "model.engine"
    content = bytearray(path.read_bytes())
    content[24:28] = bytes([1, 6, 0, 9])
    path.write_bytes(content)
    change_record(folder, tool="TensorRT-RTX 1.6.0.9")
    assert examine(run_worker, folder)["differences"] == [
        "TensorRT-RTX 1.7.1.116 cannot run an engine of TensorRT-RTX 1.6.0.9: convert the model again"
    ]


@pytest.mark.parametrize("text", ["{", '{"format": 2}'])
def test_a_damaged_record_is_refused(run_worker, folder, text):
    (folder / "model.engine.json").write_text(text)
    with pytest.raises(UsageError, match=r"model.engine.json is no record of an engine"):
        examine(run_worker, folder)
