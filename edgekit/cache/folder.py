"""The cache folder: environments, weights, stages and logs. Everything in it can be made again."""

import os
from pathlib import Path

VARIABLE = "EDGEKIT_CACHE"


def cache_folder() -> Path:
    """`$EDGEKIT_CACHE`, else the user's cache folder by the platform's custom (~/.cache/edgekit on Linux)."""
    if chosen := os.environ.get(VARIABLE):
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_cache_path

    return user_cache_path("edgekit")
