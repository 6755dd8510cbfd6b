import json

import pytest
from edgeworker.refusal import Refusal

from tests.converters.loading import load

engine_record = load("tensorrt", "engine_record")

PLACE = engine_record.WeightPlace("w", [2], 64, 8, "0" * 64)
STEPS = {"name": "w_scale", "axis": 0, "scales": [0.25, 0.5]}
SMALL = engine_record.WeightPlace("w", [2, 3], 64, 6, "0" * 64, [1, 0], engine_record.Steps(**STEPS))
BUILD = {"kind": "ahead-of-time", "tool": "TensorRT-RTX 1.7.1.116", "compute_capabilities": ["sm86"]}
RECORD = engine_record.EngineRecord(BUILD, "fp32", "0" * 64, [], [], 8, [PLACE, SMALL])


def test_it_is_read_as_it_was_written(tmp_path):
    RECORD.write(tmp_path / "model.engine.json")
    assert engine_record.EngineRecord.read(tmp_path / "model.engine.json") == RECORD


@pytest.mark.parametrize(
    "damage",
    [
        lambda fields: fields.update(format=2),
        lambda fields: fields.pop("weights"),
        lambda fields: fields.update(more=1),
        lambda fields: fields["weights"][0].update(offset="64"),
        lambda fields: fields["weights"][0].update(size=-8),
        lambda fields: fields["weights"][1].update(order=[1, 1]),
        lambda fields: fields["weights"][1].update(steps=1),
        lambda fields: fields["weights"][1]["steps"].update(axis=1),
        lambda fields: fields["weights"][1]["steps"].update(axis=2, scales=[0.5]),
        lambda fields: fields["weights"][1]["steps"].update(scales=["0.25", "0.5"]),
        lambda fields: fields["weights"][1]["steps"].update(name=None),
        lambda fields: fields.update(build=[]),
        lambda fields: fields["build"].pop("kind"),
        lambda fields: fields["build"].update(tool=1),
        lambda fields: fields["build"].update(compute_capabilities=[86]),
    ],
)
def test_anything_else_is_refused(tmp_path, damage):
    path = tmp_path / "model.engine.json"
    RECORD.write(path)
    fields = json.loads(path.read_text())
    damage(fields)
    path.write_text(json.dumps(fields))
    with pytest.raises(Refusal, match=r"model.engine.json is no record of an engine") as caught:
        engine_record.EngineRecord.read(path)
    assert caught.value.kind == "input"


@pytest.mark.parametrize("text", ["", "{", "[]", "1"])
def test_what_is_no_record_is_refused(tmp_path, text):
    (tmp_path / "model.engine.json").write_text(text)
    with pytest.raises(Refusal):
        engine_record.EngineRecord.read(tmp_path / "model.engine.json")
