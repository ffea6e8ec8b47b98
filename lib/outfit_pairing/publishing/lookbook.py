"""The lookbook: one self-contained page that shows a spread of products with their outfits.

It needs no server and no network; only pictures that the shop itself gives (image_url) are fetched from where they lie.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from outfit_pairing.errors import MissingTable, SettingsError, WarehouseError
from outfit_pairing.package_files import package_folder
from outfit_pairing.publishing.checked import Checked, duration, last_checked
from outfit_pairing.publishing.figures import Published, published_figures
from outfit_pairing.publishing.looks import choices, look_of, source_name, spoken
from outfit_pairing.publishing.outfits import ProductOutfits, spread_of_outfits
from outfit_pairing.publishing.places import page_path
from outfit_pairing.storage.at_hand import latest_of
from outfit_pairing.storage.places import local_warehouse
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import DRAFTED_RECOMMENDATIONS, OUTFIT_RECOMMENDATIONS
from outfit_pairing.style.vocabulary import StyleGuide, load_style_guide
from outfit_pairing.whole_files import put_file

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from outfit_pairing.settings import Settings

logger = logging.getLogger(__name__)

PRODUCTS_SHOWN = 60
SEED = 1
TEMPLATE = "lookbook.html.j2"


@dataclass(frozen=True, slots=True)
class Page:
    """A page that was written: where it lies, what it shows, and its size."""

    path: Path
    products: int
    outfits: int
    bytes: int


def page_to_write(settings: "Settings", out: Path | None) -> Path:
    """Where the page goes: `out`, else beside the tables or in publish.folder. Starts no Spark.

    Raises:  SettingsError: there is no local folder and no `out`, or `out` is a folder.
             MissingTable: a local warehouse in which nothing is published.
    """
    path = out.expanduser().resolve() if out else page_path(settings)
    if path is None:
        raise SettingsError(f"{settings.storage.warehouse} is no local folder; say where the page goes with --out FILE")
    if path.is_dir():
        raise SettingsError(f"--out {path} is a folder; name a file in it, for example {path / 'lookbook.html'}")
    warehouse = local_warehouse(settings)
    if warehouse and not (warehouse / OUTFIT_RECOMMENDATIONS.name).is_dir():
        raise MissingTable(OUTFIT_RECOMMENDATIONS.name, settings.storage.warehouse, OUTFIT_RECOMMENDATIONS.stage)
    return path


def make_lookbook(
    spark: "SparkSession", settings: "Settings", path: Path, products: int = PRODUCTS_SHOWN, seed: int = SEED
) -> Page:
    """Write the page from the published tables.

    Raises:  MissingTable: nothing is published.    WarehouseError: the file cannot be written.
    """
    store = TableStore(spark, settings)
    return write_lookbook(store, published_figures(store), path, products, seed)


def write_lookbook(store: TableStore, published: Published, path: Path, products: int = PRODUCTS_SHOWN, seed: int = SEED) -> Page:
    """Write the page; an unchanged page keeps its bytes and its time.

    Raises:  WarehouseError: the file cannot be written.
    """
    spread = spread_of_outfits(store.spark, store.settings, products, seed)
    page = render_lookbook(spread, published, load_style_guide(), last_checked(store, _drafted_at(store, published))).encode(
        "utf-8"
    )
    try:
        if not path.is_file() or path.read_bytes() != page:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_name(f".{path.name}.partial")
            partial.write_bytes(page)
            put_file(partial, path)
    except OSError as fault:
        raise WarehouseError(f"{path} cannot be written ({fault.strerror}); name another file or folder") from fault
    logger.info("%s: %s products, %.1f MB", path, len(spread), len(page) / 1e6)
    return Page(path, len(spread), sum(len(one.outfits) for one in spread), len(page))


def _drafted_at(store: TableStore, published: Published) -> datetime | None:
    """When what is shown last changed, as the check saw it: it judges the draft."""
    from pyspark.sql import functions as F

    if not store.exists(DRAFTED_RECOMMENDATIONS):
        return published.changed_at
    held = store.at_hand(DRAFTED_RECOMMENDATIONS, ("updated_at",))
    if held is not None:
        return latest_of(held["updated_at"])
    found: datetime | None = store.read(DRAFTED_RECOMMENDATIONS).agg(F.max("updated_at")).collect()[0][0]
    return found


def render_lookbook(
    spread: Sequence[ProductOutfits], published: Published, guide: StyleGuide, checked: Checked | None = None
) -> str:
    """The page as HTML.

    Args:    spread: the products to show, with their outfits.    checked: what check-quality found, None when it never ran.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(package_folder("outfit_pairing.publishing")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"spoken": spoken, "share": _share, "duration": duration, "day": _day}
    looks = [look_of(one, guide) for one in spread if one.outfits]
    return environment.get_template(TEMPLATE).render(
        looks=looks,
        cover=next((card for look in looks for card in look.cards if card.worn and card.beside), None),
        published=published,
        checked=checked,
        sources=[(source_name(name), count) for name, count in published.by_source.items()],
        choices=choices(looks),
    )


def _share(part: int, whole: int) -> str:
    """Per cent, cut and not rounded: what is not all never reads 100 %."""
    return f"{1000 * part // whole / 10:.1f}%" if whole else "–"


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"
