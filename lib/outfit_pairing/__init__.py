"""Outfits for every product of a fashion catalogue, as PySpark jobs over Delta tables.

Importing this package is cheap: Spark, torch and the tracking libraries are loaded by the stages that need them.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("outfit-pairing")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+source"

__all__ = ["__version__"]
