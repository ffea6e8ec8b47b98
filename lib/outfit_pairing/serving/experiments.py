"""A/B tests: which variant a user sees, always the same, without keeping who the user is."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

CONTROL = "control"  # users of this variant are offered no outfits, as before there was this service


@dataclass(frozen=True, slots=True)
class Experiment:
    """An A/B test.   variants: at least one; users are spread over them evenly."""

    experiment_id: str
    variants: tuple[str, ...]

    def variant(self, user: str) -> str:
        """The variant of a user: by a hash of experiment and user, so that another experiment spreads the same users anew."""
        digest = hashlib.sha256(f"{len(self.experiment_id)}:{self.experiment_id}:{user}".encode()).digest()
        return self.variants[int.from_bytes(digest[:8], "big") * len(self.variants) >> 64]


def experiment_of(experiment_id: str | None, variants: Sequence[str]) -> Experiment | None:
    """The experiment that settings name; None when they name none."""
    return Experiment(experiment_id, tuple(variants)) if experiment_id and variants else None
