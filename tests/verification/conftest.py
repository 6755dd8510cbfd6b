"""Fake converters that have INT8."""

from tests.int8_project import int8_project

__all__ = ["int8_project"]
