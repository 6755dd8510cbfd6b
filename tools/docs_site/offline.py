"""Whether a built site stands by itself: what its pages load is there, and nothing comes from elsewhere."""

from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src"}
FETCHED = ("stylesheet", "icon", "preload", "modulepreload", "preconnect", "dns-prefetch")


@dataclass(frozen=True)
class SitePage:
    """A page of a site: its file, what it loads, and where its links lead."""

    path: Path
    loaded: tuple[str, ...]
    linked: tuple[str, ...]


class Addresses(HTMLParser):
    """Collects the addresses in a page."""

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


def read_pages(site: Path) -> list[SitePage]:
    """Every page of a site, read once."""
    found = []
    for path in sorted(site.rglob("*.html")):
        addresses = Addresses(path.read_text(encoding="utf-8"))
        found.append(SitePage(path, tuple(addresses.loaded), tuple(addresses.linked)))
    return found


def foreign_addresses(site: Path, pages: Iterable[SitePage]) -> list[tuple[str, str]]:
    """What pages would fetch from another place."""
    return [
        (str(page.path.relative_to(site)), address)
        for page in pages
        for address in page.loaded
        if urlsplit(address).netloc
    ]


def missing_files(site: Path, pages: Iterable[SitePage]) -> list[tuple[str, str]]:
    """What pages load or link to on the site that is not there."""
    missing = []
    for page in pages:
        for address in (*page.loaded, *page.linked):
            parts = urlsplit(address)
            if parts.scheme or parts.netloc or not parts.path or page.path.name == "404.html":
                continue
            target = page.path.parent / unquote(parts.path)
            if not (target / "index.html" if target.is_dir() else target).exists():
                missing.append((str(page.path.relative_to(site)), address))
    return missing
