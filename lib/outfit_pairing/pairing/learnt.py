"""What `style.model` adds to pairing: the styles that a shop's stylists combine, and which of its kinds they put together."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from outfit_pairing.embedding.encoders import encoder_name
from outfit_pairing.errors import InputError
from outfit_pairing.settings import Settings
from outfit_pairing.style.lookbook_model import LookbookModel, load_model, ordered
from outfit_pairing.style.normalise import key

Floats = npt.NDArray[np.float32]

MOST_DIRECTIONS = 16
LONGEST = 8_000  # of a direction in whole numbers: 2,000 times this stays below 2**24, where float32 is exact
MOST_SEEN = 0.8  # of a product in one direction, so that none outweighs all else
KINDS_REACH = 20.0  # odds from end to end of the scale of styles, which kinds share


@dataclass(frozen=True, eq=False)
class LearntStyles:
    """The directions of a model, (n, dimensions) whole numbers, each LONGEST / `scale` long for its weight."""

    directions: Floats
    scale: float

    def of(self, unit: Floats, length: int) -> npt.NDArray[np.float64]:
        """(rows, n) where products stand; `unit`: (rows, dimensions) whole numbers of that length."""
        seen = (unit @ self.directions.T).astype(np.float64) * (self.scale / (LONGEST * length))
        found: npt.NDArray[np.float64] = np.clip(seen, -MOST_SEEN, MOST_SEEN)
        return found


def open_model(settings: Settings) -> LookbookModel | None:
    """The model of `style.model`.    Raises: InputError: no such model, or one of another encoder."""
    if settings.style.model is None:
        return None
    model, encoder = load_model(Path(settings.style.model)), encoder_name(settings.embedding)
    if model.encoder != encoder:
        raise InputError(
            f"style.model {settings.style.model}: was fitted with {model.encoder}, set embedding.model to it or fit again"
        )
    return model


def learnt_styles(model: LookbookModel | None, dimensions: int) -> LearntStyles | None:
    """The strongest directions; None when there is no model, or it learnt none."""
    if model is None or not len(model.directions) or not model.weights["styles"]:
        return None
    strongest = np.argsort(-model.strengths)[:MOST_DIRECTIONS]
    weighed = model.directions[strongest] * np.sqrt(model.weights["styles"] * model.strengths[strongest])[:, None]
    scale = float(np.linalg.norm(weighed, axis=1).max())
    if weighed.shape[1] != dimensions or not scale:
        return None
    return LearntStyles(np.trunc(weighed * (LONGEST / scale)).astype(np.float32), scale)


def kinds_gain(model: LookbookModel | None, left: str | None, right: str | None) -> float:
    """What the model says of two article types in the shop's words, on the scale of styles: -0.5 to 0.5, 0 for nothing."""
    if model is None or not left or not right:
        return 0.0
    odds = model.weights["kinds"] * model.kinds.get(ordered(key(left), key(right)), 0.0)
    return max(-0.5, min(0.5, odds / KINDS_REACH))
