"""A small shop as a released warehouse, written without Spark: what the service reads."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from outfit_pairing.storage.tables import (
    OUTFIT_RECOMMENDATIONS,
    PRODUCTS,
    QUALITY_METRICS,
    RELEASES,
    Table,
)

# slot → article type, colour of each of its products
KINDS = {
    "top": ("Shirts", ("white", "blue", "black", "navy blue")),
    "bottom": ("Jeans", ("blue", "black", "grey", "navy blue")),
    "footwear": ("Casual Shoes", ("white", "brown", "black", "navy blue")),
    "bag": ("Handbags", ("black", "brown", "tan", "beige")),
    "watch": ("Watches", ("silver", "black", "gold", "brown")),
}
CLOTHES = ("top", "bottom", "footwear")
OCCASIONS = ("weekend", "office", "travel")
LARGE = 100.0  # price of the first product; each further one costs one more
AUDIENCES = ("women", "men")


@dataclass
class ServedShop:
    """Products of two audiences in five slots, each with three outfits.   size: products of a slot and audience."""

    folder: Path
    size: int = 4
    run: int = 0
    products: list[dict[str, Any]] = field(default_factory=list)

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse"

    def stock(self) -> "ServedShop":
        """Write the catalogue."""
        rows = []
        for audience in AUDIENCES:
            for slot, (kind, colours) in KINDS.items():
                for number in range(self.size):
                    colour = colours[number % len(colours)]
                    rows.append(
                        {
                            "product_id": product_id(audience, slot, number),
                            "name": f"{audience.title()} {colour.title()} {kind} {number}",
                            "audience": audience,
                            "department": "Apparel",
                            "category": kind,
                            "article_type": kind,
                            "slot": slot,
                            "colour": colour,
                            "colour_family": colour,
                            "season": "summer",
                            "usage": "casual",
                            "price": LARGE + len(rows),
                            "currency": "EUR",
                            "price_tier": "mid",
                            "in_stock": True,
                        }
                    )
        rows.append({"product_id": "gift-1", "name": "Free Gift", "article_type": "Free Gifts", "slot": "other", "in_stock": True})
        self.products = rows
        self.write(PRODUCTS, rows)
        return self

    def release(self, shift: int = 0, sources: Sequence[str] = ("pattern_based",), shown_run: str | None = None) -> "ServedShop":
        """Release outfits; another `shift` gives other outfits for every product."""
        self.run += 1
        run_id = shown_run or f"run-{self.run}"
        outfits = [row for audience in AUDIENCES for row in self.outfits(audience, shift, sources)]
        self.write(OUTFIT_RECOMMENDATIONS, outfits, run_id)
        self.tell(run_id, outfits, "rollback" if shown_run else "checked")
        return self

    def tell(self, run_id: str, outfits: Sequence[dict[str, Any]], kind: str = "checked") -> None:
        """Say in the table releases that the newest outfits are shown."""
        version = DeltaTable(self.warehouse / OUTFIT_RECOMMENDATIONS.name).version()
        shown = {row["product_id"] for row in outfits}
        told = {
            "number": self.run,
            "shown_run_id": run_id,
            "table_version": version,
            "kind": kind,
            "products": len(shown),
            "outfits": len(outfits),
            "rows_changed": len(outfits),
        }
        self.write(RELEASES, [told], run_id, mode="append")

    def check(self, coverage: float = 1.0, run_id: str | None = None) -> None:
        """Write down what check-quality has measured."""
        run_id = run_id or f"run-{self.run}"
        figures = {
            "coverage": (coverage, 0.9, coverage >= 0.9),
            "violations": (0.0, 0.0, True),
            "outfits": (120.0, None, None),
            "mean_score": (0.82, None, None),
        }
        rows = [
            {"run_id": run_id, "metric": name, "value": value, "threshold": gate, "passed": passed, "detail": None}
            for name, (value, gate, passed) in figures.items()
        ]
        took = {
            "metric": "run_seconds",
            "value": 64.0,
            "threshold": None,
            "passed": None,
            "detail": "ingest: 12, apply-patterns: 52",
        }
        rows.append({"run_id": run_id, **took})
        self.write(QUALITY_METRICS, rows, run_id, mode="append")

    def outfits(self, audience: str, shift: int, sources: Sequence[str]) -> Iterable[dict[str, Any]]:
        """Three outfits of each product: the clothes of its audience that it is not, and a bag or a watch."""
        for slot in KINDS:
            for number in range(self.size):
                own = product_id(audience, slot, number)
                for rank in range(1, 4):
                    extra = "bag" if rank % 2 else "watch"
                    others = [one for one in (*CLOTHES, extra) if one != slot]
                    items = [
                        {
                            "slot": other,
                            "product_id": product_id(audience, other, (number + shift + rank) % self.size),
                            "score": 0.8,
                            "reasons": [f"{other} of shift {shift}", "as relaxed as the rest"],
                        }
                        for other in others
                    ]
                    yield {
                        "product_id": own,
                        "rank": rank,
                        "outfit_id": f"{own}-{shift}-{rank}",
                        "source": sources[(rank - 1) % len(sources)],
                        "pattern_id": "p1",
                        "pattern_name": f"Easy {OCCASIONS[rank - 1]}",
                        "occasion": OCCASIONS[rank - 1],
                        "anchor_product_id": product_id(audience, slot, 0),
                        "score": round(0.9 - rank / 100, 2),
                        "confidence": round(0.7 - rank / 10, 2),
                        "items": items,
                    }

    def sell_out(self, *product_ids: str) -> None:
        """Write the catalogue again with these sold out."""
        for row in self.products:
            row["in_stock"] = row["product_id"] not in product_ids
        self.write(PRODUCTS, self.products)

    def keep_products(self, kept: Callable[[dict[str, Any]], bool]) -> None:
        """Write the catalogue again with these products alone."""
        self.write(PRODUCTS, [row for row in self.products if kept(row)])

    def write(self, table: Table, rows: Sequence[dict[str, Any]], run_id: str = "run-1", mode: str = "overwrite") -> None:
        """One commit."""
        schema = table.written_arrow_schema
        at = datetime.now(UTC)  # as commits have it: readers find the products of a release by its time
        filled = [{**dict.fromkeys(table.names), **row, "run_id": row.get("run_id", run_id), "updated_at": at} for row in rows]
        write_deltalake(self.warehouse / table.name, pa.Table.from_pylist(filled, schema), mode=mode)


def product_id(audience: str, slot: str, number: int) -> str:
    """`women-top-00`."""
    return f"{audience}-{slot}-{number:02}"
