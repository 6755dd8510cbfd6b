"""An HTML page of a template."""

from typing import Any


def page_bytes(text: str) -> bytes:
    """A page in UTF-8. Half a character, as in the name of a file that is not UTF-8, becomes "?"."""
    return text.encode("utf-8", "replace")


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
