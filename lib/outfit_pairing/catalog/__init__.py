"""The catalogue's way in: what a file's columns and words mean, which rows can be sold, and a sample to try it with.

Reading and normalising are plain Python over a stream of rows (no Spark, little memory, exact line numbers);
`stage` hands the result to Spark and Delta.
"""

from outfit_pairing.catalog.mapping import CatalogueMapping, load_mapping
from outfit_pairing.catalog.sample import write_sample
from outfit_pairing.catalog.source import Catalogue, check_catalog, open_catalogue

__all__ = ["Catalogue", "CatalogueMapping", "check_catalog", "load_mapping", "open_catalogue", "write_sample"]
