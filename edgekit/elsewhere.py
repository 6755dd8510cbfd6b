"""Where a program can go that a target lacks operators for: what other targets' own lists of operators say."""

from collections.abc import Iterable

from edgekit.bundled import bundled_folder
from edgekit.errors import OperatorError
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.plan import Plan
from edgekit.pipeline.program import ADOPTERS, PROGRAM
from edgekit.pipeline.stage import Stage, StageFile
from edgekit.pipeline.store import StageResult
from edgekit.pipeline.target import Target, targets
from edgekit.toolchain.environment import ready_python
from edgekit.toolchain.script import requirements_of

WORKER = "lacks.py"


def with_way_out(error: OperatorError, plan: Plan, tried: Iterable[Target], executor: Executor) -> OperatorError:
    """The error with those targets named that have all of the program's operators, if any; `tried` are not asked."""
    known = {target.name for target in tried}
    able = [target for target in targets_with(plan, executor) if target.name not in known]
    if not able:
        return error
    titles = " and ".join(target.description.title for target in able)
    flags = ",".join(target.name for target in able)
    way = f"{titles} {'has' if len(able) == 1 else 'have'} every operator of this program: --target {flags}"
    return type(error)(error.message, "; or ".join(filter(None, (error.remedy, way))))


def targets_with(plan: Plan, executor: Executor) -> list[Target]:
    """The targets whose list of operators is known, and holds all of the plan's program.

    A toolchain that is not installed is not asked: nobody waits for gigabytes to read a hint.
    """
    if plan.program.worker == ADOPTERS["paddle3"]:
        return []
    cache = executor.store.cache
    asked: dict[str, Stage] = {}
    for name, target in targets().items():
        script = bundled_folder("converters") / target.worker(WORKER)
        if script.exists() and ready_python(requirements_of(script), cache) is not None:
            about = f"operators of {target.description.title}"
            asked[name] = Stage(target.worker(WORKER), about, {PROGRAM: StageFile(plan.rewritten)})
    outcomes = executor.run(asked.values()) if asked else None
    found = {name: outcomes.by_key[stage.key] for name, stage in asked.items()} if outcomes else {}
    return [
        targets()[name]
        for name, result in found.items()
        if isinstance(result, StageResult) and not result.details["operators"]
    ]
