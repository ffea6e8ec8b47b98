"""A few products stand for the whole catalogue."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from outfit_pairing.publishing.spread import spread
from outfit_pairing.style import AUDIENCES, SLOTS

groups = st.dictionaries(
    st.tuples(st.sampled_from(SLOTS), st.sampled_from(AUDIENCES)), st.integers(1, 5_000), min_size=1, max_size=40
)


def queues(sizes: dict[tuple[str, str], int], length: int) -> dict[tuple[str, str], list[str]]:
    return {group: [f"{group[0]}/{group[1]}/{number}" for number in range(min(size, length))] for group, size in sizes.items()}


@settings(deadline=None)
@given(groups, st.integers(1, 60))
def test_every_slot_is_shown_before_any_is_shown_twice(sizes: dict[tuple[str, str], int], count: int) -> None:
    """No product twice, as many as asked where there are as many, and every slot once first."""
    chosen = spread(sizes, queues(sizes, count), count)
    slots = len({slot for slot, _ in sizes})
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


@settings(deadline=None)
@given(groups)
def test_a_longer_spread_begins_with_the_shorter_one(sizes: dict[tuple[str, str], int]) -> None:
    """Asking for more shows the same products first."""
    assert spread(sizes, queues(sizes, 30), 30)[:10] == spread(sizes, queues(sizes, 30), 10)
