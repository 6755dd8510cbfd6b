"""Every other backbone of PaddleClas, from `backbones.json`, which `tools/paddleclas/backbones.py` makes."""

import json
from pathlib import Path
from typing import Any

from edgekit.catalog.model import IMAGENET_CLASSES, Architecture, Latency, Model, Published, TaskFigures

DATA = Path(__file__).parent / "backbones.json"
NOTHING_PUBLISHED = Published(None, None, None, None, None, None)


def load_backbones() -> tuple[Model, ...]:
    """The models, in PaddleClas's order; the tasks (PULC, PP-ShiTu) behind them. Takes some milliseconds."""
    return tuple(_model(entry) for entry in json.loads(DATA.read_text(encoding="utf-8")))


def _model(entry: dict[str, Any]) -> Model:
    size = entry["size"]
    head = entry.get("head")
    return Model(
        name=entry["name"],
        family=entry["family"],
        architecture=Architecture(
            name=entry["name"],
            family=entry["family"],
            module=entry["module"],
            factory=entry.get("factory", entry["name"]),
            head=head,
            arguments=entry.get("arguments", {}),
            parameters=entry.get("parameters"),
            class_argument=entry.get("class_argument", "class_num"),
            last=tuple(entry.get("last", ())),
            neck=entry.get("neck"),
        ),
        input_size=size if isinstance(size, int) else (size[0], size[1]),
        resize_short=entry.get("resize_short"),
        official_url=entry.get("url"),
        url_source="code",
        url_note=entry.get("note"),
        demo_weights=False,
        published=_published(entry),
        documented=False,
        preprocessing=entry.get("preprocessing", {}),
        outputs_are=entry.get("outputs_are", "classes" if head else "features"),
        class_count=entry.get("outputs") or entry.get("classes", IMAGENET_CLASSES),
        labels=tuple(entry["labels"]) if "labels" in entry else None,
        unsupported=entry.get("unsupported"),
    )


def _published(entry: dict[str, Any]) -> Published:
    figures = entry.get("published", {})
    if not figures and "latency" not in entry and "task" not in entry:
        return NOTHING_PUBLISHED
    names = ("top1", "top5", "reference_top1", "reference_top5", "flops_g", "params_m")
    return Published(
        **{name: figures.get(name) for name in names},
        latency=tuple(Latency(gpu, precision, batch, ms) for gpu, precision, batch, ms in entry.get("latency", ())),
        task=TaskFigures(*entry["task"]) if "task" in entry else None,
    )
