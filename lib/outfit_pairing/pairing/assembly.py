"""Assembly: one outfit per product and idea, then the best few that differ.

For each idea, items are picked one after the other: a shortlist of the query's candidates is drawn for this very product
(every quality level is present, every product sees others: that is what spreads exposure), and the candidate that goes
best with the product *and with the items already picked* is taken. Everything is lookup, comparison and addition in a
fixed order, so the result has the same bits for any partitioning.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from outfit_pairing.pairing.codes import Bools, Floats, Ints, ProductCodes, StyleTables, hashes, lots, pair_allowed, pair_score
from outfit_pairing.pairing.ideas import MOST_ITEMS, NONE, Ideas, ItemQuery
from outfit_pairing.style.outfit_difference import LEAST_DIFFERENT
from outfit_pairing.style.rules import MOST_OF_ONE_FAMILY, structure_fault

FIT = 0.03  # weight of how well a candidate answers the query, beside compatibility
LOT = 0.06  # weight of a lot drawn per product and candidate: among equals, every product meets others
# With fewer candidates than this, an item is left out for a part of the products: twelve rain jackets are not for all
# women. In a small catalogue everything is scarce, so the bound grows with it, up to where spread suffices.
LEAST_SCARCE, MOST_SCARCE, PRODUCTS_PER_SCARCE = 24, 48, 900
USED = 0.20  # what a candidate loses when the product has it in an earlier outfit already
SEASON = 0.06  # what an idea for another season loses
SAME_JOB = 0.15  # what an outfit loses for each two items of which one would do
SAME_OCCASION = 0.05  # what an outfit loses for each one already kept for the same occasion
LEAST_ITEMS = 2
LEAST_OUTFITS = 3
IMPOSSIBLE = np.float32(-9.0)


@dataclass(frozen=True, eq=False)
class Pools:
    """Candidates of all queries: N distinct products, and for each query the numbers of its candidates, best first."""

    product_id: npt.NDArray[np.object_]  # (N,)
    codes: ProductCodes  # (N,)
    member: npt.NDArray[np.int32]  # (Q, k) into the N products, padded; travels to every worker
    size: Ints  # (Q,)
    lot: npt.NDArray[np.uint64]  # (Q,) hashes of what is asked for


@dataclass(frozen=True, eq=False)
class Outfits:
    """Outfits of n products: at most R each, of at most four items."""

    idea: Ints  # (n, R) NONE where there is no outfit
    picks: Ints  # (n, R, 4) into the candidates, NONE where not filled
    item_score: Floats  # (n, R, 4)
    score: Floats  # (n, R)


@dataclass(frozen=True, eq=False)
class Assembler:
    """Fills ideas with candidates for products.

    `least_score`: outfits below it are not kept. `scarce_below`: with fewer candidates an item is scarce.
    `last_resort`: a product that would end with fewer than LEAST_OUTFITS is also given outfits that differ in one item only,
    which is all that a small choice of companions allows. `choice`: candidates judged per product and item.
    """

    tables: StyleTables
    ideas: Ideas
    pools: Pools
    least_score: float
    most_outfits: int
    last_resort: bool = False
    scarce_below: int = LEAST_SCARCE
    choice: int = 12

    def assemble(self, product_ids: npt.NDArray[np.object_], products: ProductCodes, ideas: Ints) -> Outfits:
        """The best outfits of n products.

        Args:    ideas: (n, R) the ideas to try for each product, most fitting first, NONE-padded.
        Returns: outfits in order of choice, `most_outfits` columns.
        """
        n, tries = ideas.shape
        if not len(self.pools.product_id):  # the catalogue has nothing of what is asked for
            return no_outfits(n, self.most_outfits)
        own = self._own_candidate(product_ids)
        picks = np.full((n, tries, MOST_ITEMS), NONE, dtype=np.int64)
        item_score = np.zeros((n, tries, MOST_ITEMS), dtype=np.float32)
        score = np.full((n, tries), IMPOSSIBLE, dtype=np.float32)
        for attempt in range(tries):
            used = picks[:, :attempt].reshape(n, -1)
            filled = self._fill(products, own, ideas[:, attempt], used)
            picks[:, attempt], item_score[:, attempt], score[:, attempt] = filled
        found = Outfits(ideas, picks, item_score, score)
        worth, scarce = self._worth(found, products), self._scarce(products, ideas)
        return _keep(found, worth, scarce, self.ideas.occasion, self.most_outfits, last_resort=self.last_resort)

    def _own_candidate(self, product_ids: npt.NDArray[np.object_]) -> Ints:
        """Where a product stands among the candidates, which are sorted by id; NONE where it does not."""
        ids = self.pools.product_id
        place = np.searchsorted(ids, product_ids)
        place[place == len(ids)] = 0
        return np.where(ids[place] == product_ids, place, NONE) if len(ids) else np.full(len(product_ids), NONE)

    def _fill(self, products: ProductCodes, own: Ints, idea: Ints, used: Ints) -> tuple[Ints, Floats, Floats]:
        """One outfit per product for its idea: picks (n, 4), their scores (n, 4), the outfit's score (n,)."""
        n = len(idea)
        picks = np.full((n, MOST_ITEMS), NONE, dtype=np.int64)
        scores = np.zeros((n, MOST_ITEMS), dtype=np.float32)
        total, pairs = np.zeros(n, dtype=np.float32), np.zeros(n, dtype=np.float32)
        complete = idea != NONE
        for position in range(MOST_ITEMS):
            query = np.where(idea != NONE, self.ideas.items[idea, position], NONE)
            optional = ~self.ideas.required[idea, position]
            query = np.where(optional & self._spared(products, query), NONE, query)
            best, gained, judged = self._pick(products, own, query, picks[:, :position], used)
            filled = best != NONE
            picks[:, position] = best
            scores[:, position] = np.where(filled, gained / np.maximum(judged, 1), 0)
            total, pairs = total + np.where(filled, gained, 0), pairs + np.where(filled, judged, 0)
            complete &= filled | (query == NONE) | ~self.ideas.required[idea, position]
        score = np.where(complete & self._stands(products, picks), total / np.maximum(pairs, 1), IMPOSSIBLE)
        return picks, scores, np.where(score >= np.float32(self.least_score), score, IMPOSSIBLE)

    def _pick(self, products: ProductCodes, own: Ints, query: Ints, picked: Ints, used: Ints) -> tuple[Ints, Floats, Floats]:
        """The best candidate per product for its query (n,), the sum of its pair scores (n,), and the pairs judged (n,)."""
        candidate, asked = self._shortlist(products, query)
        codes = self.pools.codes.take(candidate)
        product = _column(products)
        allowed = asked & pair_allowed(self.tables, product, codes) & (candidate != own[:, None])
        compatible = pair_score(self.tables, product, codes)
        judged, doubled = np.ones(len(query), dtype=np.float32), self.tables.same_job[product.traits, codes.traits]
        families = (self.tables.colour_family[codes.colour] == self.tables.colour_family[product.colour]).astype(np.int64)
        for earlier in picked.T:
            there = earlier != NONE
            other = _column(self.pools.codes.take(earlier))
            allowed &= ~there[:, None] | (pair_allowed(self.tables, other, codes) & (candidate != earlier[:, None]))
            compatible = compatible + np.where(there[:, None], pair_score(self.tables, other, codes), np.float32(0))
            same = self.tables.colour_family[codes.colour] == self.tables.colour_family[other.colour]
            families += same & there[:, None]
            judged, doubled = judged + there, doubled | (there[:, None] & self.tables.same_job[other.traits, codes.traits])
        neutral = self.tables.colour_family[codes.colour] == 0
        allowed &= neutral | (families < MOST_OF_ONE_FAMILY)
        rank_fit = np.float32(FIT) * (1 - np.arange(self.choice, dtype=np.float32) / self.choice)
        again = (candidate[:, :, None] == used[:, None, :]).any(axis=2) if used.shape[1] else np.zeros_like(allowed)
        lot = np.float32(LOT) * lots(product.hash, codes.hash)
        wanted = compatible / judged[:, None] + rank_fit + lot - np.float32(USED) * again
        single = allowed & ~doubled
        allowed = np.where(single.any(axis=1)[:, None], single, allowed)  # of two that do one job, only where there is nothing else
        best = np.where(allowed, wanted, IMPOSSIBLE).argmax(axis=1)
        rows = np.arange(len(query))
        found = allowed[rows, best]
        return np.where(found, candidate[rows, best], NONE), compatible[rows, best], judged

    def _spared(self, products: ProductCodes, query: Ints) -> Bools:
        """(n,) whether an item is left out by lot: three bracelets must not be worn with ten thousand shirts."""
        drawn = lots(products.hash, self.pools.lot[query])
        spared: Bools = (query != NONE) & (drawn * np.float32(self.scarce_below) > self.pools.size[query])
        return spared

    def _scarce(self, products: ProductCodes, ideas: Ints) -> Bools:
        """(n, R) whether an idea asks for an item that is spared and that it cannot do without. What goes with its own kind
        only has no choice.
        """
        scarce = np.zeros(ideas.shape, dtype=np.bool_)
        for attempt in range(ideas.shape[1]):
            idea = ideas[:, attempt]
            for position in range(MOST_ITEMS):
                query = np.where(idea != NONE, self.ideas.items[idea, position], NONE)
                scarce[:, attempt] |= self.ideas.required[idea, position] & self._spared(products, query)
        return scarce & ~self.tables.own_kind[products.traits][:, None]

    def _shortlist(self, products: ProductCodes, query: Ints) -> tuple[Ints, Bools]:
        """(n, choice) candidates: one from each equal part of the pool, at a place that product and query decide."""
        size = np.where(query == NONE, 0, self.pools.size[query])
        drawn = lots(products.hash >> np.uint64(1), self.pools.lot[query])
        offset = (drawn * np.float32(1 << 16)).astype(np.int64)
        steps = (np.arange(self.choice, dtype=np.int64) << 16) + offset[:, None]
        place = (size[:, None] * steps) // (self.choice << 16)
        return self.pools.member[query[:, None], place].astype(np.int64), np.broadcast_to(size[:, None] > 0, place.shape).copy()

    def _stands(self, products: ProductCodes, picks: Ints) -> Bools:
        """Whether an outfit has enough items and a sound structure (hard rules 3, 4 and 7)."""
        there = picks != NONE
        traits = self.pools.codes.traits[picks]
        flags = self.tables.flags[products.traits]
        slots = np.where(there, self.tables.slot[traits], -1 - np.arange(MOST_ITEMS))
        for position in range(picks.shape[1]):
            flags = flags | np.where(there[:, position], self.tables.flags[traits[:, position]], 0)
        entries = there.sum(axis=1) + 1
        own = self.tables.slot[products.traits]
        repeated = (slots == own[:, None]).sum(axis=1) + 1
        for position in range(picks.shape[1]):
            repeated = np.maximum(repeated, (slots == slots[:, [position]]).sum(axis=1))
        crowded = (repeated > 2) & ~self.tables.own_kind[products.traits]  # jewellery may be two
        stands: Bools = (entries > LEAST_ITEMS) & (structure_fault(flags, entries) == 0) & ~crowded
        return stands

    def _worth(self, found: Outfits, products: ProductCodes) -> Floats:
        """(n, R) what decides which outfits are kept: the score, less something for another season and for doubles."""
        season = self.ideas.season[found.idea]
        mismatch = (season != 0) & (products.season[:, None] != 0) & (season != products.season[:, None])
        doubled = self._doubled(found.picks, products)
        worth: Floats = found.score - np.float32(SEASON) * mismatch - np.float32(SAME_JOB) * doubled
        return worth

    def _doubled(self, picks: Ints, products: ProductCodes) -> Ints:
        """(n, R) pairs in an outfit that do the same job."""
        there, traits = picks != NONE, self.pools.codes.traits[picks]
        pairs = (self.tables.same_job[products.traits[:, None, None], traits] & there).sum(axis=2)
        for left, right in combinations(range(picks.shape[2]), 2):
            both = there[:, :, left] & there[:, :, right]
            pairs = pairs + (both & self.tables.same_job[traits[:, :, left], traits[:, :, right]])
        return np.asarray(pairs, dtype=np.int64)


def lots_of(queries: Sequence[ItemQuery], tables: StyleTables) -> npt.NDArray[np.uint64]:
    """(Q,) the lots of queries."""
    return hashes(query.drawn_by(tables.draws) for query in queries)


def no_outfits(products: int, most: int) -> Outfits:
    """None for any of so many products."""
    none = np.full((products, most, MOST_ITEMS), NONE, dtype=np.int64)
    return Outfits(none[:, :, 0], none, np.zeros(none.shape, np.float32), np.zeros(none.shape[:2], np.float32))


def scarce_below(products: int) -> int:
    """The number of candidates below which an item is scarce in a catalogue of so many products."""
    return min(MOST_SCARCE, max(LEAST_SCARCE, products // PRODUCTS_PER_SCARCE))


def _column(codes: ProductCodes) -> ProductCodes:
    """Codes of n products as (n, 1), to be compared with (n, shortlist)."""
    return codes.take(np.arange(len(codes))[:, None])


def _keep(found: Outfits, worth: Floats, scarce: Bools, occasions: Ints, most: int, *, last_resort: bool) -> Outfits:
    """The `most` worthiest outfits of each product that differ pairwise in LEAST_DIFFERENT items, varied in occasion.

    Where these are fewer than LEAST_OUTFITS, so many are looked for: some that all differ instead of the worthiest, then with
    scarce ones among them, and as a last resort with such as differ in one item. What was found stays unless that gives more.
    """
    items = (found.picks != NONE).sum(axis=2)
    bound = np.minimum(items[:, :, None], items[:, None, :])
    shared = _shared(found.picks)
    apart = shared <= np.maximum(bound - LEAST_DIFFERENT, 0)
    occasion = np.where(found.idea == NONE, NONE, occasions[found.idea])
    plain = np.where(scarce, IMPOSSIBLE, worth)
    order = _in_turn(plain, occasion, most, apart)
    for value, allowed in ((plain, apart), (worth, apart), *([(worth, shared < bound)] if last_resort else [])):
        for find in (_in_turn, _together):
            few = np.flatnonzero((order != NONE).sum(axis=1) < LEAST_OUTFITS)
            more = find(value[few], occasion[few], LEAST_OUTFITS, allowed[few])
            better = (more != NONE).sum(axis=1) > (order[few] != NONE).sum(axis=1)
            order[few[better]] = NONE
            order[few[better], :LEAST_OUTFITS] = more[better]
    chosen = np.arange(len(worth))[:, None], np.maximum(order, 0)
    missing = order == NONE
    return Outfits(
        idea=np.where(missing, NONE, found.idea[chosen]),
        picks=np.where(missing[:, :, None], NONE, found.picks[chosen]),
        item_score=found.item_score[chosen],
        score=np.where(missing, 0, found.score[chosen]).astype(np.float32),
    )


def _in_turn(worth: Floats, occasion: Ints, most: int, apart: Bools) -> Ints:
    """(n, most) numbers of the outfits to keep, in order of choice, NONE-padded.

    Args:    worth, occasion: (n, R).   apart: (n, R, R) pairs that may be kept.
    """
    n, tries = worth.shape
    rows = np.arange(n)
    open_, value = worth > IMPOSSIBLE / 2, worth.copy()
    order = np.full((n, most), NONE, dtype=np.int64)
    for place in range(most):
        best = np.where(open_, value, IMPOSSIBLE).argmax(axis=1)
        taken = open_[rows, best]
        order[taken, place] = best[taken]
        open_ &= ~taken[:, None] | (apart[rows, best] & (np.arange(tries) != best[:, None]))
        value = value - np.float32(SAME_OCCASION) * (taken[:, None] & (occasion == occasion[rows, best][:, None]))
    return order


def _together(worth: Floats, occasion: Ints, most: int, apart: Bools) -> Ints:  # noqa: ARG001 as `_in_turn`
    """The same, of the worthiest `most` that may all be kept, whatever their occasions; NONE alone where there are not so many."""
    n, tries = worth.shape
    best, found = np.full(n, IMPOSSIBLE, dtype=np.float32), np.full((n, most), NONE, dtype=np.int64)
    if not n:
        return found
    by_worth = np.argsort(-worth, axis=1, kind="stable")
    value = np.take_along_axis(worth, by_worth, axis=1)
    may = np.take_along_axis(np.take_along_axis(apart, by_worth[:, :, None], axis=1), by_worth[:, None, :], axis=2)
    may &= (value > IMPOSSIBLE / 2)[:, :, None] & (value > IMPOSSIBLE / 2)[:, None, :]
    for places in combinations(range(tries), most):
        total = value[:, places].sum(axis=1, dtype=np.float32)
        better = total > best
        for left, right in combinations(places, 2):
            better &= may[:, left, right]
        best[better], found[better] = total[better], by_worth[better][:, places]
    return found


def _shared(picks: Ints) -> Ints:
    """(n, R, R) how many items two outfits of a product have in common."""
    n, tries, width = picks.shape
    shared = np.zeros((n, tries, tries), dtype=np.int64)
    for left in range(width):
        for right in range(width):
            mine, theirs = picks[:, :, None, left], picks[:, None, :, right]
            shared += (mine == theirs) & (mine != NONE)
    return shared
