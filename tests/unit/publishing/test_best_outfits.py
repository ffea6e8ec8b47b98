"""A product keeps the best outfits over all sources, however Spark cut the rows."""

import itertools

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outfit_pairing.publishing.unified import BASE_CONFIDENCE, BestOutfits, Offer, best_offers, kept_ranks
from outfit_pairing.style.outfit_difference import differ

ITEM = pa.struct([("slot", pa.string()), ("product_id", pa.string()), ("score", pa.float64()), ("reasons", pa.list_(pa.string()))])
SCHEMA = pa.schema(
    [
        ("product_id", pa.string()),
        ("rank", pa.int32()),
        ("outfit_id", pa.string()),
        ("source", pa.string()),
        ("pattern_name", pa.string()),
        ("confidence", pa.float64()),
        ("score", pa.float64()),
        ("items", pa.list_(ITEM)),
        ("stands", pa.int32()),
    ]
)


def offer(items: str, source: str = "pattern_based", confidence: float = 0.5, score: float = 0.5) -> Offer:
    """An outfit of one-letter product ids."""
    return Offer(source, confidence, score, f"id-{''.join(sorted(items))}", frozenset(items))


def kept(*offers: Offer, most: int = 5) -> list[str]:
    return ["".join(sorted(offers[position].items)) for position in best_offers(offers, most)]


offers = st.lists(
    st.builds(
        offer,
        items=st.sets(st.sampled_from("abcdefg"), min_size=1, max_size=4).map("".join),
        source=st.sampled_from(sorted(BASE_CONFIDENCE)),
        confidence=st.sampled_from([0.3, 0.5, 0.7]),
        score=st.sampled_from([0.4, 0.6]),
    ),
    max_size=9,
)


def test_trusted_sources_come_first() -> None:
    """A curated look goes before a pattern, a pattern before a rule, whatever their scores."""
    rule, pattern = offer("abc", "rule_based", 0.9, 0.9), offer("def", "pattern_based", 0.4, 0.4)
    assert kept(rule, pattern, offer("ghi", "lookbook_curated", 0.1, 0.1)) == ["ghi", "def", "abc"]


def test_confidence_then_score_then_outfit_id_decide_within_a_source() -> None:
    """The stated order, ties broken by outfit id."""
    assert kept(offer("xyz", score=0.5), offer("def", score=0.6), offer("abc", score=0.5)) == ["def", "abc", "xyz"]
    assert kept(offer("abc", confidence=0.4, score=0.9), offer("def", confidence=0.5, score=0.1)) == ["def", "abc"]


def test_an_outfit_of_two_sources_is_offered_once() -> None:
    """The same set of items counts as the same outfit; the more trusted source keeps it."""
    best = best_offers([offer("abc", "rule_based"), offer("cba", "pattern_based")], 5)
    assert best == [1]


def test_look_alikes_give_way_to_outfits_that_differ() -> None:
    """An outfit that shares all but one item with a better one is passed over when three others remain."""
    assert kept(offer("abc", score=0.9), offer("abd", score=0.8), offer("aef", score=0.7), offer("agh", score=0.6)) == [
        "abc",
        "aef",
        "agh",
    ]


def test_look_alikes_are_kept_rather_than_fewer_than_three() -> None:
    """Three outfits that hardly differ are better than one."""
    assert kept(offer("abc", score=0.9), offer("abd", score=0.8), offer("abe", score=0.7), offer("abf", score=0.6)) == [
        "abc",
        "abd",
        "abe",
    ]


def test_three_that_differ_go_before_a_better_one_that_blocks_them() -> None:
    """A pattern that resembles most rules steps back when only so three different outfits can be shown."""
    blocked = [offer("abc"), offer("abx", "rule_based", 0.9), offer("cay", "rule_based", 0.8), offer("cbz", "rule_based", 0.7)]
    assert kept(*blocked) == ["abx", "acy", "bcz"]


def test_how_much_two_outfits_must_differ() -> None:
    """The smaller outfit has two items of its own; of a single item, that one."""
    pairs = {
        ("abc", "ade"): True,
        ("abc", "abd"): False,
        ("abc", "ab"): False,
        ("abc", "ad"): False,
        ("a", "b"): True,
        ("a", "ab"): False,
    }
    assert {pair: differ(frozenset(pair[0]), frozenset(pair[1])) for pair in pairs} == pairs


def test_an_unknown_source_is_named() -> None:
    """A source without base confidence cannot be ranked, and is said."""
    with pytest.raises(ValueError, match="astrology"):
        best_offers([offer("abc", "astrology")], 5)


@settings(deadline=None)
@given(offers, st.integers(3, 5))
def test_best_offers_keep_their_promises(found: list[Offer], most: int) -> None:
    """Never too many, never twice, in the stated order; look-alikes only where fewer than three would remain."""
    best = [found[position] for position in best_offers(found, most)]
    distinct = {one.items for one in found}
    assert min(3, len(distinct)) <= len(best) <= most
    assert len({one.items for one in best}) == len(best)
    worth = [(-BASE_CONFIDENCE[one.source], -one.confidence, -one.score, one.outfit_id) for one in best]
    assert worth == sorted(worth)
    alike = any(not differ(a.items, b.items) for a, b in itertools.combinations(best, 2))
    assert not (alike and len(best) > 3)


@settings(deadline=None)
@given(offers, st.randoms())
def test_the_order_of_rows_does_not_matter(found: list[Offer], random: object) -> None:
    """Rows reach the kernel in any order and the same outfits are kept."""
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert [found[one] for one in best_offers(found, 5)] == [shuffled[one] for one in best_offers(shuffled, 5)]


@settings(deadline=None)
@given(st.lists(offers, min_size=1, max_size=6), st.integers(1, 11))
def test_any_batch_size_gives_the_same_rows(products: list[list[Offer]], rows_per_batch: int) -> None:
    """A product whose rows are spread over batches keeps the same outfits."""
    whole = table(products)
    cut = [whole.slice(start, rows_per_batch).combine_chunks() for start in range(0, whole.num_rows, rows_per_batch)]
    assert ranked(cut) == ranked([whole])


def test_rows_come_out_ranked_with_their_items_and_reasons() -> None:
    """Ranks count from 1 per product; everything else of a row is as it came."""
    rows = ranked([table([[offer("abc", score=0.1), offer("def", score=0.9)], [offer("abc")]])])
    assert [(row["product_id"], row["rank"], row["outfit_id"]) for row in rows] == [
        ("p0", 1, "id-def"),
        ("p0", 2, "id-abc"),
        ("p1", 1, "id-abc"),
    ]
    assert rows[0]["items"][0] == {"slot": "top", "product_id": "d", "score": 0.5, "reasons": ["because d"]}


def test_an_outfit_that_is_shown_keeps_its_rank() -> None:
    """A new one takes the place of the one that is gone, however good it is; ranks that are no more are given up."""
    rows = table([[offer("abc", score=0.1), offer("def", score=0.9), offer("ghi", score=0.5)]])
    stands = rows.set_column(rows.column_names.index("stands"), "stands", pa.array([1, None, 3], pa.int32()))
    assert [(row["rank"], row["outfit_id"]) for row in ranked([stands])] == [(2, "id-def"), (3, "id-ghi"), (1, "id-abc")]


@given(st.lists(st.none() | st.integers(1, 7), max_size=6))
def test_ranks_are_one_two_three_and_those_that_can_stay_do(stands: list[int | None]) -> None:
    """Whatever was shown before."""
    ranks = kept_ranks(stands)
    assert sorted(ranks) == list(range(1, len(stands) + 1))
    for place, rank in enumerate(stands):
        if rank is not None and rank <= len(stands) and stands.count(rank) == 1:
            assert ranks[place] == rank


def table(products: list[list[Offer]]) -> pa.Table:
    rows = [
        {
            "product_id": f"p{number}",
            "rank": 9,
            "outfit_id": one.outfit_id,
            "source": one.source,
            "pattern_name": "an idea",
            "confidence": one.confidence,
            "score": one.score,
            "items": [
                {"slot": "top", "product_id": item, "score": 0.5, "reasons": [f"because {item}"]} for item in sorted(one.items)
            ],
        }
        for number, group in enumerate(products)
        for one in group
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def ranked(parts: list[pa.Table]) -> list[dict[str, object]]:
    batches = [batch for part in parts for batch in part.to_batches()]
    return [row for batch in BestOutfits(5)(batches) for row in batch.to_pylist()]
