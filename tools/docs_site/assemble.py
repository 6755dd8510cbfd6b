"""Lays the site's sources together: pages as they lie in the checkout, what they link to, and the generated reference.

The folders are mirrored, so that a link leads to the same file in the checkout and on the site.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from tools.docs_site.reference import reference_pages

ROOT = Path(__file__).resolve().parents[2]
FIRST = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "STYLE.md", "examples/README.md", "android_demo/README.md")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = {".cpp": "cpp", ".h": "cpp", ".py": "python", ".kt": "kotlin", ".yml": "yaml", ".toml": "toml", ".json": "json"}


def assemble(source: Path) -> None:
    """Write all sources into the folder `source`, which is made anew."""
    shutil.rmtree(source, ignore_errors=True)
    pages = [*(ROOT / name for name in FIRST), *sorted((ROOT / "docs").rglob("*.md"))]
    seen: set[Path] = set()
    while pages:
        page = pages.pop(0)
        if page in seen:
            continue
        seen.add(page)
        text = page.read_text(encoding="utf-8")
        for linked in linked_files(page, text):
            if linked.suffix == ".md":
                pages.append(linked)
            elif linked.suffix in CODE and "docs" not in linked.relative_to(ROOT).parts[:1]:
                shown = source / f"{linked.relative_to(ROOT)}.md"
                write(shown, f"# {linked.relative_to(ROOT)}\n\n{fenced(linked)}")
            else:
                copy(linked, source / linked.relative_to(ROOT))
        write(source / page.relative_to(ROOT), with_site_links(page, text))
    for name, text in reference_pages().items():
        write(source / name, text)
    for other in [*(ROOT / "docs").glob("*.css"), *(ROOT / "docs" / "reference" / "schemas").glob("*.json")]:
        copy(other, source / other.relative_to(ROOT))


def linked_files(page: Path, text: str) -> Iterator[Path]:
    """The files of the checkout that a page links to; of a folder its README."""
    for link in LINK.findall(text):
        place = link.split("#")[0]
        if not place or ":" in place:
            continue
        linked = (page.parent / place).resolve()
        if linked.is_dir():
            linked = linked / "README.md"
        if linked.is_file() and linked.is_relative_to(ROOT):
            yield linked


def with_site_links(page: Path, text: str) -> str:
    """A page's text: links to a folder lead to its README, those to code to the page that shows it.

    A folder without a README is no place on the site: its name stays, without a link.
    """

    def changed(match: re.Match[str]) -> str:
        whole, link = match.group(0), match.group(1)
        place, _, anchor = link.partition("#")
        if not place or ":" in place:
            return whole
        target = (page.parent / place).resolve()
        if target.is_dir():
            if (target / "README.md").is_file():
                return whole.replace(f"({link})", f"({place.rstrip('/')}/README.md{'#' + anchor if anchor else ''})")
            return whole[whole.index("[") + 1 : whole.index("](")]
        if target.suffix in CODE and not target.is_relative_to(ROOT / "docs"):
            return whole.replace(f"({link})", f"({place}.md)")
        return whole

    return LINK.sub(changed, text)


def fenced(file: Path) -> str:
    """A file's text as code."""
    return f"````{CODE[file.suffix]}\n{file.read_text(encoding='utf-8').rstrip()}\n````\n"


def write(path: Path, text: str) -> None:
    """Write a page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def copy(file: Path, to: Path) -> None:
    """Copy what is no page."""
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, to)
