"""`python -m tools.docs_site`: lays the sources together and builds the site, strictly: a dead link ends it."""

import subprocess
import sys
from pathlib import Path

from tools.docs_site.assemble import ROOT, assemble
from tools.docs_site.offline import foreign_addresses, missing_files, read_pages

SOURCE, SITE = ROOT / "build" / "docs" / "source", ROOT / "build" / "docs" / "site"


def main() -> int:
    """Build; returns the exit status."""
    assemble(SOURCE)
    zensical = Path(sys.executable).with_name("zensical")
    built = subprocess.run(
        [zensical, "build", "--clean", "--strict"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if built.returncode != 0:
        said = f"{built.stdout}{built.stderr}"
        # Its last lines are a traceback of its own, which says nothing where there are others.
        print(said.partition("Traceback")[0].strip() or said, file=sys.stderr)
        return 1
    pages = read_pages(SITE)
    faults = [f"{page} lacks {place}" for page, place in missing_files(SITE, pages)]
    faults += [f"{page} loads {address}" for page, address in foreign_addresses(SITE, pages)]
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{SITE}: {len(pages)} pages")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
