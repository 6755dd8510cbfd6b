import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools" / "paddleclas"
PAGE = """# A list

| name | guide | about | accuracy | size | time | download |
| --- | --- | --- | --- | --- | --- | --- |
| person_exists | [a](a.md) | people | 96.23 |7.0M|2.58ms|[x](y)|
| traffic_sign | [a](a.md) | signs | 98.35 | 8.2M | 2.10ms |[x](y)|
| untimed | [a](a.md) | none | - | - | - |[x](y)|

* a note
"""


def test_rows_of_the_list_are_metric_share_and_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(TOOLS), *sys.path])
    from tasks import published  # pyright: ignore[reportMissingImports]

    assert published(PAGE) == {"person_exists": ["TprAtFpr", 0.9623, 2.58], "traffic_sign": ["top-1", 0.9835, 2.1]}
