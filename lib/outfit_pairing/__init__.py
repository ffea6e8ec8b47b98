"""Outfits for every product of a fashion catalogue, as PySpark jobs over Delta tables.

Importing this package is cheap: Spark, torch and the tracking libraries are loaded by the stages that need them.
"""

from importlib.metadata import PackageNotFoundError, version

NOT_INSTALLED = "0+source"  # version of a source tree that was never installed

try:
    __version__ = version("outfit-pairing")
except PackageNotFoundError:
    __version__ = NOT_INSTALLED

__all__ = ["NOT_INSTALLED", "__version__"]
