"""What a run after a change owes: for what the change touches the rows of a full run, and all other rows as they were."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from outfit_pairing.pairing.changes import OWN, WORN
from outfit_pairing.storage.tables import RECOMMENDATION_COLUMNS

Product = Mapping[str, Any]
Products = Mapping[str, Product]
Rows = dict[str, list[tuple[Any, ...]]]  # of each product, by rank: what RECOMMENDATION_COLUMNS name
PATTERN_ID = [column.name for column in RECOMMENDATION_COLUMNS].index("pattern_id")


def by_product(rows: Iterable[Mapping[str, Any]], names: Iterable[str]) -> Rows:
    """Rows of each product, in their order, with the columns of those names."""
    found: Rows = {}
    chosen = tuple(names)
    for row in rows:
        found.setdefault(row["product_id"], []).append(tuple(row[name] for name in chosen))
    return found


def outfits(rows: list[tuple[Any, ...]]) -> list[str]:
    """Outfits as texts, whatever their ranks."""
    return [repr((row[0], *row[2:])) for row in rows]


def own(product: Product | None) -> list[Any] | None:
    """What a product's own outfits follow from."""
    return product and [product[name] for name in OWN if name != "text_hash"]


def stands(row: tuple[Any, ...], before: Products, after: Products) -> bool:
    """Whether all items of an outfit are still in stock, and what they were."""
    ids = [item["product_id"] for item in row[-1]]
    return all(
        one in after and after[one]["in_stock"] and all(after[one][name] == before[one][name] for name in WORN) for one in ids
    )


def assert_made_anew(
    products: Products, changed: Products, before: Rows, now: Rows, whole: Rows, *, gone: Collection[str] = ()
) -> int:
    """What a run makes of changed products is what a full one makes, and the rest stays; rows that are not as before.

    gone: ids of patterns that are no more.
    """
    rewritten, ever = 0, {**products, **changed}
    assert set(now) <= set(changed)
    for product_id in {*now, *before, *whole}:
        found, old, new = (one.get(product_id, []) for one in (now, before, whole))
        rewritten += sum(row not in old for row in found)
        if found == new:
            continue
        assert own(changed.get(product_id)) == own(products.get(product_id)), product_id
        assert set(outfits(found)) <= {*outfits(old), *outfits(new)}, product_id
        worn = [row for row in old if stands(row, products, changed) and row[PATTERN_ID] not in gone]
        assert set(outfits(worn)) <= set(outfits(found)), product_id
        assert all(stands(row, ever, changed) and row[PATTERN_ID] not in gone for row in found), product_id
    return rewritten


def assert_drafted_anew(before: Rows, now: Rows, whole: Rows) -> int:
    """The draft holds the outfits of a full one; one that is shown already keeps its rank. Rows that are not as before."""
    rewritten = 0
    assert set(now) == set(whole)
    for product_id, found in now.items():
        old = before.get(product_id, [])
        assert sorted(outfits(found)) == sorted(outfits(whole[product_id])), product_id
        assert [row[1] for row in found] == list(range(1, len(found) + 1)), product_id
        ranks, shown = ({repr(row[2]): row[1] for row in rows} for rows in (found, old))
        assert all(ranks[one] == shown[one] for one in ranks.keys() & shown if shown[one] <= len(found)), product_id
        rewritten += sum(row not in old for row in found)
    return rewritten
