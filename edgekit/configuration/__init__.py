"""What training toolkits write beside a model: how photos are prepared, and what the classes are called."""

from edgekit.configuration.configuration import Configuration, read_configuration
from edgekit.configuration.find import find_configuration

__all__ = ["Configuration", "find_configuration", "read_configuration"]
