"""Which toolkit's configuration a document is, and where in it the steps and the classes' names stand."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from edgekit.configuration.options import NotFollowed, shown
from edgekit.configuration.steps import PADDLECLAS, PADDLEDETECTION, PADDLEX2, Reader

Table = Mapping[str, Any]


@dataclass(frozen=True)
class Described:
    """A document as it was recognised: whose it is, its steps by name with their options, and how it ends.

    `post` are the steps behind the model by name, with their options, `labels` the classes' names where the document
    lists them. `evaluation` are the steps of a training's evaluation, which should do the same. `notes` is what else is
    to be told.
    """

    form: str
    readers: dict[str, Reader]
    steps: tuple[tuple[str, Any], ...]
    post: dict[str, Table]
    labels: Any = None
    evaluation: tuple[tuple[str, Any], ...] | None = None
    notes: tuple[str, ...] = ()


def describe(document: Table) -> Described | None:
    """The document as one of the known forms; None where it is none of them.

    Raises NotFollowed where it is one and its steps are not listed as there.
    """
    for recognise in FORMS:
        if (described := recognise(document)) is not None:
            return described
    return None


def paddleclas_deployment(document: Table) -> Described | None:
    """PaddleClas's `inference_cls.yaml` and those of PULC, and PaddleX 3's `inference.yml`."""
    block = document.get("PreProcess")
    if not isinstance(block, Mapping) or "transform_ops" not in block:
        return None
    check_keys(block, "PreProcess", "transform_ops")
    form = "PaddleX 3's configuration" if "Hpi" in document else "PaddleClas's deployment configuration"
    return Described(form, PADDLECLAS, steps_in(block["transform_ops"]), post_in(document.get("PostProcess")))


def paddleclas_recognition(document: Table) -> Described | None:
    """PaddleClas's configurations of a detector with a recogniser behind it: the recogniser's part."""
    block = document.get("RecPreProcess")
    if not isinstance(block, Mapping) or "transform_ops" not in block:
        return None
    check_keys(block, "RecPreProcess", "transform_ops")
    return Described(
        "PaddleClas's configuration of a recogniser",
        PADDLECLAS,
        steps_in(block["transform_ops"]),
        post_in(document.get("RecPostProcess")),
    )


def paddleclas_training(document: Table) -> Described | None:
    """PaddleClas's training configuration: `Infer: transforms`, else what its evaluation does with photos."""
    infer = document.get("Infer")
    infer = infer if isinstance(infer, Mapping) else {}
    evaluation = evaluation_in(document)
    listed = infer.get("transforms", evaluation)
    if listed is None or not ({"Arch", "DataLoader"} & set(document)):
        return None
    post = infer.get("PostProcess")
    post = post if isinstance(post, Mapping) else {}
    name = post.get("func" if post.get("name") == "DistillationPostProcess" else "name")
    return Described(
        "PaddleClas's training configuration",
        PADDLECLAS,
        steps_in(listed),
        {str(name): post} if name else {},
        evaluation=None if evaluation is None else steps_in(evaluation),
    )


def evaluation_in(document: Table) -> Any:
    """The steps of a training configuration's evaluation: of its photos, or of a recogniser's queries or gallery."""
    return (
        inside(document, "DataLoader", "Eval", "dataset", "transform_ops")
        or inside(document, "DataLoader", "Eval", "Query", "dataset", "transform_ops")
        or inside(document, "IndexProcess", "transform_ops")
    )


def inside(table: Any, *keys: str) -> Any:
    """What lies in tables within tables under these keys; None where it does not."""
    for key in keys:
        table = table.get(key) if isinstance(table, Mapping) else None
    return table


def paddleclas_1(document: Table) -> Described | None:
    """The training configuration of PaddleClas 1.x."""
    listed = inside(document, "VALID", "transforms")
    if listed is None or "ARCHITECTURE" not in document:
        return None
    return Described("PaddleClas 1's training configuration", PADDLECLAS, steps_in(listed), {})


def paddlex2(document: Table) -> Described | None:
    """PaddleX 1's and 2's `model.yml`."""
    attributes = document.get("_Attributes")
    if "Transforms" not in document or not isinstance(attributes, Mapping):
        return None
    kind = attributes.get("model_type", "classifier")
    if kind != "classifier":
        raise NotFollowed(f"it describes a {shown(kind)}, not a classifier")
    notes = []
    if str(document.get("version", "2")).startswith("1."):
        notes.append("is of PaddleX 1, which resizes without rounding to 8 bits: pixels may differ by half a level")
    return Described(
        "PaddleX 2's model.yml",
        PADDLEX2,
        steps_in(document["Transforms"]),
        {},
        attributes.get("labels"),
        notes=tuple(notes),
    )


def paddledetection(document: Table) -> Described | None:
    """PaddleDetection's `infer_cfg.yml`."""
    listed = document.get("Preprocess")
    if not isinstance(listed, list):
        return None
    return Described(
        "PaddleDetection's infer_cfg.yml", PADDLEDETECTION, steps_in(listed), {}, document.get("label_list")
    )


def steps_in(listed: Any) -> tuple[tuple[str, Any], ...]:
    """The steps of a list, each `{Name: options}` or `{type: Name, ...options}`. Raises NotFollowed for another."""
    return tuple(step for one in listed_in(listed) for step in step_in(one))


def listed_in(listed: Any) -> list[Any]:
    """A list that may be absent."""
    if listed is not None and not isinstance(listed, list):
        raise NotFollowed(f"it does not list the steps of its preprocessing ({shown(listed)})")
    return listed or []


def step_in(step: Any) -> Iterator[tuple[str, Any]]:
    """The one step, or several, that an entry of the list names."""
    if not isinstance(step, Mapping) or not step:
        raise NotFollowed(f"it has a step that is no table: {shown(step)}")
    if "type" in step:
        yield str(step["type"]), {key: value for key, value in step.items() if key != "type"}
        return
    for name, options in step.items():
        yield str(name), options


def post_in(block: Any) -> dict[str, Table]:
    """The steps behind the model."""
    if not isinstance(block, Mapping):
        return {}
    return {str(name): options if isinstance(options, Mapping) else {} for name, options in block.items()}


def check_keys(block: Table, place: str, *known: str) -> None:
    """Raise NotFollowed for what a table holds besides."""
    for key in block:
        if key not in known:
            raise NotFollowed(f"{place} has {shown(key)}, which is not known")


FORMS: tuple[Callable[[Table], Described | None], ...] = (
    paddleclas_deployment,
    paddlex2,
    paddledetection,
    paddleclas_recognition,
    paddleclas_training,
    paddleclas_1,
)
