"""The floating-point numbers in the description of OpenVINO's layers."""

from pathlib import Path

import pytest
from edgeworker.refusal import Refusal

from tests.converters.loading import load

XML = """<net><layers>
<layer id="0" name="pool" type="AvgPool"><data kernel="2, 2" exclude-pad="true" rounding_type="floor"/></layer>
<layer id="1" name="norm" type="MVN"><data eps="9.9999997473787516e-06" normalize_variance="true"/></layer>
<layer id="2" name="clamp" type="Clamp"><data min="0" max="6.5"/></layer>
<layer id="3" name="pad" type="Interpolate"><data scales="0.5, 2" pads_begin="-1, 0"/></layer>
<layer id="4" name="nearest" type="Interpolate"><data mode="nearest" cube_coeff="-0.75"/></layer>
<layer id="5" name="cubic" type="Interpolate"><data mode="cubic" cube_coeff="-0.75"/></layer>
<layer id="6" name="result" type="Result"/>
</layers></net>"""


def test_what_is_written_as_a_floating_point_number_and_read_is_one(tmp_path: Path) -> None:
    (tmp_path / "m.xml").write_text(XML)
    found = load("openvino", "ir_file").numbers(tmp_path / "m.xml")
    assert [(one.layer, one.type, one.attribute, one.values) for one in found] == [
        ("norm", "MVN", "eps", [9.9999997473787516e-06]),
        ("clamp", "Clamp", "max", [6.5]),
        ("pad", "Interpolate", "scales", [0.5, 2.0]),
        ("cubic", "Interpolate", "cube_coeff", [-0.75]),
    ]


def test_a_description_cut_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.xml").write_text(XML[:100])
    with pytest.raises(Refusal, match=r"m\.xml is not OpenVINO IR"):
        list(load("openvino", "ir_file").numbers(tmp_path / "m.xml"))
