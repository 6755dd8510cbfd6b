"""An HTML page of a template."""

from typing import Any


def filled_page(template: str, **values: Any) -> str:
    """The template of that name in `templates`, filled in. Every value is escaped: texts may come from anybody."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("edgekit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**values)
