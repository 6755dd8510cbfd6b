"""The 47 models and what was published of each, as data.

`load_catalog()` reads it, `Catalog.find` looks a model up.
"""

from edgekit.catalog.catalog import Catalog, load_catalog
from edgekit.catalog.model import Architecture, Latency, Model, Published

__all__ = ["Architecture", "Catalog", "Latency", "Model", "Published", "load_catalog"]
