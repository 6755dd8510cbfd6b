"""The C++ knows every target by name."""

import re

from edgekit.bundled import bundled_folder
from edgekit.pipeline.target import targets


def test_a_manifest_of_any_target_is_one_to_devices_too() -> None:
    source = (bundled_folder("runtime") / "artifact" / "manifest_check.cpp").read_text(encoding="utf-8")
    (listed,) = re.findall(r"kTargets\[\] = \{(.*?)\}", source, re.DOTALL)
    assert re.findall(r'"(\w+)"', listed) == list(targets())
