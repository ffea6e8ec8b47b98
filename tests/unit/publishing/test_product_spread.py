"""A few products stand for the whole catalogue."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from outfit_pairing.publishing.spread import Group, spread
from outfit_pairing.style import AUDIENCES, SLOTS

groups = st.dictionaries(
    st.tuples(st.sampled_from(SLOTS), st.sampled_from(AUDIENCES)), st.integers(1, 5_000), min_size=1, max_size=40
)


def queues(sizes: dict[Group, int], length: int) -> dict[Group, list[str]]:
    return {group: ["/".join((*group, str(number))) for number in range(min(size, length))] for group, size in sizes.items()}


@settings(deadline=None)
@given(groups, st.integers(1, 60))
def test_every_slot_is_shown_before_any_is_shown_twice(sizes: dict[Group, int], count: int) -> None:
    """No product twice, as many as asked where there are as many, and every slot once first."""
    chosen = spread(sizes, queues(sizes, count), count)
    slots = len({group[0] for group in sizes})
    assert len(set(chosen)) == len(chosen) == min(count, sum(min(size, count) for size in sizes.values()))
    assert len({one.split("/")[0] for one in chosen[:slots]}) == min(count, slots)


def test_large_slots_get_more_but_not_all() -> None:
    """100 times the products give about 10 times the places."""
    sizes = {("top", "women"): 10_000, ("belt", "women"): 100}
    taken = Counter(one.split("/")[0] for one in spread(sizes, queues(sizes, 60), 60))
    assert 4 <= taken["belt"] <= 7


def test_audiences_take_turns() -> None:
    """Within a slot all audiences are seen."""
    sizes = {("top", audience): 500 for audience in AUDIENCES}
    assert {one.split("/")[1] for one in spread(sizes, queues(sizes, 6), 6)} == set(AUDIENCES)


def test_a_rare_source_is_seen_beside_a_common_one() -> None:
    """One product in fifty by rules: some are shown, and not in one slot only."""
    sizes: dict[Group, int] = {}
    for slot in ("top", "bottom", "footwear"):
        for audience in ("women", "men"):
            sizes |= {(slot, audience, "pattern_based"): 4_900, (slot, audience, "rule_based"): 100}
    chosen = [one.split("/") for one in spread(sizes, queues(sizes, 30), 30)]
    by_rules = [slot for slot, _, source, _ in chosen if source == "rule_based"]
    assert 2 <= len(by_rules) <= 8
    assert len(set(by_rules)) > 1


@settings(deadline=None)
@given(groups)
def test_a_longer_spread_begins_with_the_shorter_one(sizes: dict[Group, int]) -> None:
    """Asking for more shows the same products first."""
    assert spread(sizes, queues(sizes, 30), 30)[:10] == spread(sizes, queues(sizes, 30), 10)
