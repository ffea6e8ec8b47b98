"""A judge of outfits: the written style guide, and what a shop's own outfits have taught where there is a model of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from outfit_pairing.scoring.wardrobe import Wardrobe
from outfit_pairing.style.garment import Garment
from outfit_pairing.style.lookbook_model import LookbookModel
from outfit_pairing.style.outfit_score import log_odds, score_of

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Judge:
    """Scores outfits of a wardrobe's products."""

    wardrobe: Wardrobe
    model: LookbookModel | None = None

    def scores(self, outfits: Sequence[Sequence[str]]) -> Floats:
        """0 to 1 for each outfit; products that the catalogue does not have are left out."""
        return np.array([score_of(self.log_odds(items)) for items in outfits], dtype=np.float64)

    def log_odds(self, items: Sequence[str]) -> float:
        """The logarithm of the odds that people put these items together; 0 when fewer than two of them are known."""
        garments = self.known(items)
        if len(garments) < 2:
            return 0.0
        if self.model is None:
            return log_odds(garments, self.wardrobe.vectors)
        return log_odds(garments, self.wardrobe.vectors, partial(self.model.gain, vectors=self.wardrobe.vectors))

    def known(self, items: Sequence[str]) -> list[Garment]:
        """Those that the catalogue has, by product id, each once: the order in which they are given says nothing."""
        held = self.wardrobe.garments
        return [held[item] for item in sorted(set(items)) if item in held]
