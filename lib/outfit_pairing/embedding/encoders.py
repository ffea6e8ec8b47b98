"""What an encoder is, and how one is named, chosen and opened.

A spec is chosen once, on the driver, and travels to the workers; each process loads the model of a spec once.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from outfit_pairing.embedding.hashing import HashingEncoder
from outfit_pairing.embedding.models import HOW_TO_MEND, find_model, model_name
from outfit_pairing.embedding.probe import probe
from outfit_pairing.errors import SettingsError
from outfit_pairing.settings import EmbeddingSettings

logger = logging.getLogger(__name__)

Precision = Literal["fp32", "bf16", "int8"]
HASHING = "hashing"
PROBE_TEXTS = 200
FEWEST_PROBE_TEXTS = 32  # fewer say little about speed, and are encoded before a probe would be done


class Encoder(Protocol):
    """Texts in, unit vectors out."""

    @property
    def name(self) -> str:
        """Key in product_embeddings. Says nothing of precision, so that another machine encodes nothing again."""

    @property
    def dimensions(self) -> int:
        """Length of a vector."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Unit rows of shape (len(texts), dimensions), float32, in the order of `texts`."""


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """All that a process needs to open the encoder that the driver chose."""

    model: str
    precision: Precision = "fp32"
    threads: int | None = None  # of one process; None: as many as torch takes by itself


def encoder_name(settings: EmbeddingSettings) -> str:
    """The encoder's key in product_embeddings, without loading anything."""
    return HASHING if settings.model == HASHING else model_name(settings.model)


def open_encoder(settings: EmbeddingSettings, *, probe_texts: Sequence[str] = ()) -> Encoder:
    """The encoder of the settings, loaded; `probe_texts` let it take the fastest good precision (see `choose_spec`).

    Raises: SettingsError: the model is nowhere to be found, or what it needs is not installed.
    """
    return load_encoder(choose_spec(settings, probe_texts))


@lru_cache(maxsize=1)
def load_encoder(spec: EncoderSpec) -> Encoder:
    """The encoder of a spec; a process loads it once and keeps it."""
    if spec.model == HASHING:
        return HashingEncoder()
    return _open_model(find_model(spec.model), spec)


def choose_spec(settings: EmbeddingSettings, probe_texts: Sequence[str] = ()) -> EncoderSpec:
    """The precision as set; for `auto` the fastest one whose vectors stay those of fp32 on a sample of `probe_texts`.

    With too few probe texts `auto` is fp32. What was chosen, and why, is logged.

    Raises: SettingsError: as `open_encoder`, before any text is encoded.
    """
    spec = EncoderSpec(settings.model)
    if spec.model == HASHING:
        return spec
    folder, texts = find_model(spec.model), _sample(probe_texts, PROBE_TEXTS)
    precision: Precision = "fp32"
    if settings.precision != "auto":
        precision, why = settings.precision, "as set"
    elif len(texts) < FEWEST_PROBE_TEXTS:
        why = "few texts need no probe"
    else:
        precision, why = _probed(folder, texts)
    logger.info("%s from %s in %s: %s", model_name(spec.model), folder, precision, why)
    return replace(spec, precision=precision)


def _probed(folder: Path, texts: Sequence[str]) -> tuple[Precision, str]:
    ways: tuple[Precision, ...] = ("fp32", "bf16", "int8")
    # one thread, as in a Spark worker; processor time then leaves out what other processes do
    return probe({way: partial(_open_model, folder, EncoderSpec(str(folder), way, threads=1)) for way in ways}, texts)


def _sample(texts: Sequence[str], most: int) -> Sequence[str]:
    """At most `most` texts, evenly spread."""
    return texts[:: -(-len(texts) // most)] if len(texts) > most else texts


def _open_model(folder: Path, spec: EncoderSpec) -> Encoder:
    try:
        from outfit_pairing.embedding.packed import PackedBert, can_pack
        from outfit_pairing.embedding.sentence import SentenceEncoder
    except ImportError:
        raise SettingsError(f"embedding.model: torch is not installed; {HOW_TO_MEND}") from None
    if can_pack(folder):
        return PackedBert(folder, model_name(spec.model), spec.precision, spec.threads)
    return SentenceEncoder(folder, model_name(spec.model), spec.precision, spec.threads)
