"""Whether a built site stands by itself: what its pages load is there, and nothing comes from elsewhere."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src"}
FETCHED = ("stylesheet", "icon", "preload", "modulepreload", "preconnect", "dns-prefetch")


class Page(HTMLParser):
    """What a page loads, and where its links lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.linked: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the element asks for."""
        known = dict(attrs)
        address = known.get(LOADED.get(tag, ""))
        if address and (tag != "link" or (known.get("rel") or "") in FETCHED):
            self.loaded.append(address)
        if tag == "a" and known.get("href"):
            self.linked.append(known["href"] or "")


def pages(site: Path) -> Iterator[tuple[Path, Page]]:
    """Every page of a site."""
    for path in sorted(site.rglob("*.html")):
        yield path, Page(path.read_text(encoding="utf-8"))


def foreign_addresses(site: Path) -> list[tuple[str, str]]:
    """What pages would fetch from another place."""
    return [
        (str(path.relative_to(site)), address)
        for path, page in pages(site)
        for address in page.loaded
        if urlsplit(address).netloc
    ]


def missing_files(site: Path) -> list[tuple[str, str]]:
    """What pages load or link to on the site that is not there."""
    missing = []
    for path, page in pages(site):
        for address in (*page.loaded, *page.linked):
            parts = urlsplit(address)
            if parts.scheme or parts.netloc or not parts.path or path.name == "404.html":
                continue
            target = path.parent / unquote(parts.path)
            if not (target / "index.html" if target.is_dir() else target).exists():
                missing.append((str(path.relative_to(site)), address))
    return missing
