"""Which ideas are tried for a product: those of the anchors most like it."""

from dataclasses import dataclass

import numpy as np

from outfit_pairing.pairing.codes import SLOT_CODES, Bools, Floats, Ints, ProductCodes, StyleTables
from outfit_pairing.pairing.ideas import NONE, Ideas
from outfit_pairing.style.traits import OWN_KIND
from outfit_pairing.style.vectors import Vectors, similarity

ANCHORS_PER_PRODUCT = 4
# What likeness of text does not see; in units of cosine. Found by reading outfits: trousers must not borrow from skirts.
SAME_TYPE = 0.35
SAME_FAMILY = 0.20
SAME_AUDIENCE = 0.15
SAME_DRESS = 0.25
SAME_SEASON = 0.05
SAME_TRAITS = 0.33  # of the 0.36 that dress, formality and warmth can give
IDEA_CONFIDENCE = 0.10
FAR = np.float32(-9.0)
# In these slots only products of one family wear the same: an umbrella must not borrow from socks.
FAMILY_BOUND = ("other", *OWN_KIND)


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The anchors: their vectors (A, dimensions) in fixed point, their codes, and the ideas that each one owns."""

    vectors: Vectors
    codes: ProductCodes
    tables: StyleTables
    ideas: Ideas
    most_ideas: int

    def ideas_for(self, products: ProductCodes, vectors: Vectors) -> Ints:
        """(n, most_ideas) ideas to try, most fitting first, NONE-padded; ties go to the earlier anchor and idea.

        Args: vectors: (n, dimensions) of the products, in fixed point.
        """
        likeness = self.likeness(products, vectors)
        nearest = np.argsort(-likeness, axis=1, kind="stable")[:, :ANCHORS_PER_PRODUCT]
        near = np.take_along_axis(likeness, nearest, axis=1)
        ideas = self.ideas.by_owner[nearest]
        worth = near[:, :, None] + np.float32(IDEA_CONFIDENCE) * self.ideas.confidence[ideas]
        worth = np.where((ideas != NONE) & (near[:, :, None] > FAR / 2), worth, FAR)
        ideas, worth = ideas.reshape(len(products), -1), worth.reshape(len(products), -1)
        order = np.argsort(-worth, axis=1, kind="stable")[:, : self.most_ideas]
        return np.where(np.take_along_axis(worth, order, axis=1) > FAR / 2, np.take_along_axis(ideas, order, axis=1), NONE)

    def likeness(self, products: ProductCodes, vectors: Vectors) -> Floats:
        """(n, A) how much an anchor stands for a product; FAR where its patterns cannot be worn with the product."""
        tables, mine, theirs = self.tables, products.traits[:, None], self.codes.traits[None, :]
        score = similarity(vectors, self.vectors)
        score = score + np.float32(SAME_TYPE) * (tables.article_type[mine] == tables.article_type[theirs])
        score = score + np.float32(SAME_FAMILY) * (tables.family[mine] == tables.family[theirs])
        score = score + np.float32(SAME_AUDIENCE) * (products.audience[:, None] == self.codes.audience[None, :])
        score = score + np.float32(SAME_DRESS) * (tables.traits_score[mine, theirs] > np.float32(SAME_TRAITS))
        score = score + np.float32(SAME_SEASON) * (products.season[:, None] == self.codes.season[None, :])
        return np.where(self._may_lend(products), score, FAR)

    def _may_lend(self, products: ProductCodes) -> Bools:
        tables, mine, theirs = self.tables, products.traits[:, None], self.codes.traits[None, :]
        bound = np.isin(tables.slot, [SLOT_CODES[slot] for slot in FAMILY_BOUND])[mine]
        may: Bools = (tables.slot[mine] == tables.slot[theirs]) & (~bound | (tables.family[mine] == tables.family[theirs]))
        may &= tables.allowed[mine, theirs] & tables.audience[products.audience[:, None], self.codes.audience[None, :]]
        return may
