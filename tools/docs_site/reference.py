"""The generated pages of the reference, by their places in the site."""

import msgspec

from edgekit import __version__
from edgekit.artifact import manifest
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.ledger.ledger import Ledger, Unexplained
from edgekit.parity import Tolerance
from edgekit.parity.verdict import ErrorFigures, OutputFigures, Verdict
from edgekit.pipeline import target
from edgekit.pipeline.float_layers import AccuracyControl, FloatLayer
from edgekit.recipe import schema
from tools.docs_site.command_line import command_line_page
from tools.docs_site.schemas import DOCUMENTS
from tools.docs_site.structs import page

FOLDER = "docs/reference"


def reference_pages() -> dict[str, str]:
    """Every generated page."""
    return {
        f"{FOLDER}/command-line.md": command_line_page(__version__),
        f"{FOLDER}/manifest.md": manifest_page(),
        f"{FOLDER}/recipe-keys.md": recipe_page(),
        f"{FOLDER}/targets.md": targets_page(),
        f"{FOLDER}/target-keys.md": target_keys_page(),
        f"{FOLDER}/schemas.md": schemas_page(),
    }


def manifest_page() -> str:
    """What `manifest.json` holds."""
    records = [
        value
        for value in vars(manifest).values()
        if isinstance(value, type) and issubclass(value, msgspec.Struct) and value.__module__ == manifest.__name__
    ]
    records = [one for one in records if one is not manifest.ManifestHead]
    ordered = [manifest.Manifest, *(one for one in records if one is not manifest.Manifest)]
    others = [AccuracyControl, FloatLayer, Preprocessing, Verdict, OutputFigures, ErrorFigures, Ledger, Unexplained]
    about = (
        f"`manifest.json` lies in every artifact. This is schema {manifest.SCHEMA}, of edgekit {__version__}; as JSON: "
        "[schemas](schemas.md)."
    )
    return page("The manifest", about, [(one, one.__name__) for one in (*ordered, *others)])


def recipe_page() -> str:
    """What a recipe may say."""
    about = (
        "Of `recipes/*.toml` and of `--recipe FILE`; [recipes](../recipes.md) says how they are found and merged. An "
        "unknown key is an error."
    )
    names = [
        (schema.Recipe, "The file"),
        (schema.TargetRecipe, "`[targets.TARGET]`"),
        (schema.RewriteChoice, "`[[targets.TARGET.rewrites]]`"),
        (schema.SpeedChoice, "`[[targets.TARGET.speed]]`"),
        (schema.ExpectedFailure, "`[[targets.TARGET.expected_failures]]`"),
        (schema.VariantTolerance, "`[[targets.TARGET.tolerances]]`"),
        (Tolerance, "`[tolerances.PRECISION]`"),
        (Preprocessing, "`[preprocessing]`"),
    ]
    return page("The keys of a recipe", about, names)


def targets_page() -> str:
    """Every target, as its `target.toml` describes it."""
    lines = ["# Targets\n", "As their `target.toml` describes them. What runs where is in [support](../support.md).\n"]
    for name, one in target.targets().items():
        known = one.description
        lines += [f"## {name}: {known.title}\n", f"{known.summary}\n", "| | |", "|---|---|"]
        lines.append(f"| made from | {known.source}{f', or {known.otherwise}' if known.otherwise else ''} |")
        lines.append(f"| files | {', '.join(f'`{file}`' for file in known.files.values())} |")
        lines.append(f"| precisions | {', '.join(known.precisions)} |")
        lines += [f"| no {what} | {why} |" for what, why in known.lacks.items()]
        lines.append(f"| `--target all` | {'means it' if known.in_all else 'does not mean it'} |")
        lines += [f"| {variant_title(variant)} | {variant_text(name, variant)} |" for variant in known.variants]
        for flag, values in known.flags.items():
            usual = ", ".join(values.default)
            lines.append(
                f"| `--{flag.replace('_', '-')}` | {', '.join(values.values)}; {usual} where it is not given |"
            )
        for setting in known.settings:
            options = ", ".join(f"`{key}={value}`" for key, value in setting.options.items())
            lines.append(f"| `bench --tune` | {options}: {setting.about} |")
        lines.append("")
    return "\n".join(lines)


def variant_title(variant: target.Variant) -> str:
    """What a variant's row is called."""
    return f"variant {variant.name}" if variant.name else "run by"


def variant_text(name: str, variant: target.Variant) -> str:
    """What runs a variant of the target of that name, and where."""
    text = f"`{name}/{variant.worker}`"
    text += f"; emulated on {', '.join(variant.emulated)}" if variant.emulated else ""
    text += f"; edgekit's runner for {', '.join(variant.runner)}" if variant.runner else ""
    return text + (f"; not run: {variant.not_run}" if variant.not_run else "")


def target_keys_page() -> str:
    """What a `target.toml` may say."""
    about = "For whoever adds a target: [CONTRIBUTING](../../CONTRIBUTING.md#add-a-target)."
    names = [
        (target.Description, "The file"),
        (target.Variant, "`[[variants]]`"),
        (target.WithLibrary, "`library` of a variant"),
        (target.Flag, "`[flags.NAME]`"),
        (target.Lowered, "`[lowered.PRECISION]`"),
        (target.Native, "`[native]`"),
        (target.Paddle3, "`[paddle3]`"),
        (target.Setting, "`[[settings]]`"),
    ]
    return page("The keys of a target", about, names)


def schemas_page() -> str:
    """The JSON schemas."""
    lines = [
        "# JSON schemas\n",
        "Of the documents that edgekit writes, made from the types that read them, and kept by their versions: a "
        "change that older readers cannot follow gives a document another number.\n",
        "| document | schema | file |",
        "|---|---|---|",
    ]
    lines += [f"| {one.about} | {one.version} | [`{one.file}`](schemas/{one.file}) |" for one in DOCUMENTS]
    return "\n".join([*lines, ""])
