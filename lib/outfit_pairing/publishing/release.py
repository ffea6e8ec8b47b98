"""The release stage: what publish has drafted, and the check has passed, becomes what product pages show.

The table switches in one commit; the JSON files, the page and Postgres follow at once. Readers meet the old result or the new.
"""

import logging
from typing import TYPE_CHECKING

import pyarrow as pa

from outfit_pairing.errors import InputError, listed
from outfit_pairing.publishing.exports import write_files
from outfit_pairing.publishing.figures import Published, published_figures
from outfit_pairing.publishing.json_files import switch_files
from outfit_pairing.publishing.lookbook import write_lookbook
from outfit_pairing.publishing.pairs import create_pairs_view
from outfit_pairing.publishing.places import json_folder, page_path
from outfit_pairing.publishing.postgres import follow_release
from outfit_pairing.publishing.verdict import must_have_passed
from outfit_pairing.storage.at_hand import as_arrow
from outfit_pairing.storage.made_of import follow, is_followed, past_of, remember, versions_of
from outfit_pairing.storage.merging import WriteReport
from outfit_pairing.storage.runs import StageReport
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import DRAFTED_RECOMMENDATIONS, OUTFIT_RECOMMENDATIONS, RELEASES, ROLLBACK

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from outfit_pairing.settings import Settings

logger = logging.getLogger(__name__)

AS_DRAFTED = "as drafted"  # what a release is made of; whoever releases may have another version of the package


def run(spark: "SparkSession", settings: "Settings") -> StageReport:
    """Show what is drafted, if it has passed its check or is shown already: then what follows the table is brought up.

    Raises:  MissingTable: nothing is drafted.    InputError: it was not checked.    GateMissed: it missed a gate.
             WarehouseError: files cannot be written.    PostgresBehind: all is released, but Postgres does not follow.
    """
    store = TableStore(spark, settings)
    if not is_followed(store, OUTFIT_RECOMMENDATIONS, AS_DRAFTED, [DRAFTED_RECOMMENDATIONS]):
        must_have_passed(store)
    return release(store, "checked")


def release(store: TableStore, kind: str) -> StageReport:
    """Switch table, files and page to the draft, whatever was said of it.   kind: as in the table releases."""
    written = _switch(store)
    published = published_figures(store)
    files = _renew_files(store, published)
    if written.rows_written or not _is_told(store):
        _remember(store, store.settings.run_id, kind, published, written.rows_written or None)
        logger.info("release: %s outfits for %s products are shown", f"{published.outfits:,}", f"{published.products:,}")
    else:
        logger.info("release: what is drafted is shown already")
    counters: dict[str, int | float | str] = {"products": published.products, "rows_written": written.rows_written, **files}
    counters |= follow_release(store, published)
    return StageReport("release", published.outfits, published.outfits, counters=counters)


def _switch(store: TableStore) -> WriteReport:
    """The table becomes the draft, in one commit."""

    def drafted(within: "DataFrame | pa.Table | None") -> "DataFrame | pa.Table":
        if isinstance(within, pa.Table):
            return store.held_within(DRAFTED_RECOMMENDATIONS, OUTFIT_RECOMMENDATIONS.given, within)
        rows = store.read(DRAFTED_RECOMMENDATIONS).select(*OUTFIT_RECOMMENDATIONS.schema.names)
        return rows if within is None else rows.join(within, "product_id", "left_semi")

    return follow(store, OUTFIT_RECOMMENDATIONS, AS_DRAFTED, [DRAFTED_RECOMMENDATIONS], drafted)


def roll_back(store: TableStore, run_id: str) -> StageReport:
    """Show again what a run's release showed. The draft follows, so that the next check does not bring back what was taken away.

    Raises:  MissingTable: nothing was ever released.    InputError: no release of that run.
             WarehouseError: its version of the table is gone.    PostgresBehind: all is back, but Postgres does not follow.
    """
    rows = sorted(store.rows(RELEASES, RELEASES.given), key=lambda row: row["number"])
    chosen = next((row for row in reversed(rows) if row["shown_run_id"] == run_id), None)
    if chosen is None:
        known = listed(list(dict.fromkeys(row["shown_run_id"] for row in reversed(rows))))
        raise InputError(f"run {run_id!r} has released nothing; runs that have: {known}")
    before = store.version(OUTFIT_RECOMMENDATIONS)
    if chosen["table_version"] != before:
        store.restore(OUTFIT_RECOMMENDATIONS, chosen["table_version"])
    shown = store.read(OUTFIT_RECOMMENDATIONS).select(*OUTFIT_RECOMMENDATIONS.schema.names)
    written = store.merge(DRAFTED_RECOMMENDATIONS, shown, delete_missing=True)
    _remember_same(store)
    figures = published_figures(store)
    if store.version(OUTFIT_RECOMMENDATIONS) != before:
        _remember(store, run_id, ROLLBACK, figures, written.rows_written)
    write_files(store, figures)
    counters: dict[str, int | float | str] = {
        "release": chosen["number"],
        "rows_written": written.rows_written,
        **_renew_files(store, figures),
    }
    counters |= follow_release(store, figures)
    return StageReport(ROLLBACK, figures.outfits, figures.outfits, counters=counters)


def _remember_same(store: TableStore) -> None:
    """What is drafted is what is shown: nothing to release."""
    versions, past = versions_of(store, [DRAFTED_RECOMMENDATIONS]), past_of(store, OUTFIT_RECOMMENDATIONS, AS_DRAFTED)
    remember(store, OUTFIT_RECOMMENDATIONS, AS_DRAFTED, versions, past=past)


def _renew_files(store: TableStore, published: Published) -> dict[str, int | str]:
    """Files and page of what is shown."""
    settings = store.settings
    create_pairs_view(store)
    folder, page = json_folder(settings), page_path(settings)
    changed = switch_files(folder) if folder else []
    if page:
        write_lookbook(store, published, page)
    return ({"files_changed": len(changed)} if folder else {}) | ({"lookbook": str(page)} if page else {})


def _is_told(store: TableStore) -> bool:
    """Whether the last release tells of what is shown. Not so when a run switched the table and died.

    OPTIMIZE makes versions as well, but changes no row.
    """
    if not store.exists(RELEASES):
        return False
    releases = store.rows(RELEASES, ("number", "table_version"))
    told: int = max(releases, key=lambda row: row["number"], default={"table_version": 0})["table_version"]
    if told == store.version(OUTFIT_RECOMMENDATIONS):
        return True
    changed = store.changed_since(OUTFIT_RECOMMENDATIONS, told, "product_id")
    return changed is not None and changed.isEmpty()  # told twice rather than never


def _remember(store: TableStore, run_id: str, kind: str, figures: Published, rows: int | None) -> None:
    """Write the release down.   rows: that the switch has changed; None where a run that died has switched."""
    told = store.rows(RELEASES, ("number",)) if store.exists(RELEASES) else []
    number = 1 + max((row["number"] for row in told), default=0)
    version = store.version(OUTFIT_RECOMMENDATIONS)
    row = (number, run_id, version, kind, figures.products, figures.outfits, rows)
    store.append(RELEASES, as_arrow(RELEASES, [row]))
