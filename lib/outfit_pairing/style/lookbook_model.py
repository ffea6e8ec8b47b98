"""What a shop's own outfits teach: which kinds and colours its stylists combine, which styles, which very items.

Every affinity is a mean over the pairs of an outfit's items, 0 where the shop's outfits say nothing, so that a product or a
shop that the model has never seen is judged as without it. What is learnt is added to the logarithm of the odds that the
written style guide gives.
"""

import io
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from outfit_pairing.errors import InputError
from outfit_pairing.style.garment import Garment

Vectors = npt.NDArray[np.float32]

AFFINITIES = ("kinds", "colours", "styles", "items")
PAIRS = ("kinds", "colours", "items")  # affinities that are told pair by pair
VERSION = 1
MOST_AFFINITY = 2.5  # natural logarithm; no pair of words says more than this


@dataclass(frozen=True, eq=False)
class LookbookModel:
    """Affinities of pairs, each pair in alphabetical order, and what each affinity weighs.

    kinds: of two kinds.   colours: of two "kind/colour family", beyond that of their kinds.   items: of two product ids.
    styles: (rank, dimensions) directions, and how much alike (above 0) or unlike two items of an outfit are in each.
    """

    kinds: Mapping[tuple[str, str], float]
    colours: Mapping[tuple[str, str], float]
    items: Mapping[tuple[str, str], float]
    directions: Vectors
    strengths: Vectors
    weights: Mapping[str, float]
    encoder: str

    def affinities(self, garments: Sequence[Garment], vectors: Vectors) -> dict[str, float]:
        """By name, each a mean over pairs."""
        pairs = list(combinations(garments, 2))
        return {
            "kinds": _mean([self.kinds.get(ordered(a.kind, b.kind), 0.0) for a, b in pairs]),
            "colours": _mean([self.colours.get(ordered(coloured(a), coloured(b)), 0.0) for a, b in pairs]),
            "styles": self._styles([one.place for one in garments if one.place >= 0], vectors),
            "items": _mean([self.items.get(ordered(a.product_id, b.product_id), 0.0) for a, b in pairs]),
        }

    def gain(self, garments: Sequence[Garment], vectors: Vectors) -> float:
        """What is added to the logarithm of the odds."""
        return math.fsum(self.weights[name] * value for name, value in self.affinities(garments, vectors).items())

    def _styles(self, places: Sequence[int], vectors: Vectors) -> float:
        if len(places) < 2 or not len(self.directions):
            return 0.0
        seen = vectors[sorted(places)].astype(np.float64) @ self.directions.T
        # sum over pairs of products = (square of the sum - sum of squares) / 2
        products = (np.square(seen.sum(axis=0)) - np.square(seen).sum(axis=0)) / 2
        return float(products @ self.strengths) / (len(places) * (len(places) - 1) / 2)


def ordered(left: str, right: str) -> tuple[str, str]:
    """The pair in the order in which it is kept."""
    return (left, right) if left <= right else (right, left)


def coloured(garment: Garment) -> str:
    """A kind in a colour family."""
    return f"{garment.kind}/{garment.colour.family if garment.colour else ''}"


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0


def model_bytes(model: LookbookModel) -> bytes:
    """A file of the model: arrays and JSON, no code; the same bytes for the same model."""
    told = {
        "version": VERSION,
        "encoder": model.encoder,
        "weights": dict(model.weights),
        **{name: [[*pair, value] for pair, value in sorted(getattr(model, name).items())] for name in PAIRS},
    }
    file = io.BytesIO()
    np.savez_compressed(
        file, directions=model.directions, strengths=model.strengths, told=np.frombuffer(json.dumps(told).encode(), dtype=np.uint8)
    )
    return file.getvalue()


def load_model(path: Path) -> LookbookModel:
    """The model of a file.    Raises: InputError: no such file, no such model, one of another version."""
    try:
        with np.load(path, allow_pickle=False) as held:
            told = json.loads(held["told"].tobytes())
            directions, strengths = held["directions"], held["strengths"]
        version = told["version"]
        pairs = {name: {(str(a), str(b)): float(value) for a, b, value in told[name]} for name in PAIRS if version == VERSION}
        weights = {name: float(told["weights"][name]) for name in AFFINITIES if version == VERSION}
    except FileNotFoundError:
        raise InputError(f"style.model {path}: no such file; write it with fit-compatibility, or unset style.model") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, BadZipFile, zlib.error):
        raise InputError(f"style.model {path}: is no model of fit-compatibility; fit it again, or unset style.model") from None
    if version != VERSION:
        raise InputError(f"style.model {path}: is of version {version}, this package reads {VERSION}; fit it again")
    model = LookbookModel(**pairs, directions=directions, strengths=strengths, weights=weights, encoder=str(told.get("encoder")))
    if not _is_sound(model):
        raise InputError(f"style.model {path}: its numbers are not finite or do not belong together; fit it again")
    return model


def _is_sound(model: LookbookModel) -> bool:
    """Whether all numbers are finite, with a strength for each direction."""
    numbers = (*model.weights.values(), *(value for name in PAIRS for value in getattr(model, name).values()))
    whole = all(np.isfinite(some).all() for some in (numbers, model.directions, model.strengths))
    return whole and model.directions.ndim == 2 and model.strengths.shape == model.directions.shape[:1]
