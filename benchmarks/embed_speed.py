"""How fast texts are encoded, beside plain `SentenceTransformer.encode` with the same model, and how near the vectors stay.

    python benchmarks/embed_speed.py --catalog FILE --mapping NAME [--texts 3000] [--seed 7] [--spark]

Both encode the same texts in the same process, turn by turn in blocks, so that other work on the machine slows both.
`--spark` also runs the embed stage on the whole catalogue in a scratch warehouse, with its probe and loading of models.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from outfit_pairing.catalog import open_catalogue
from outfit_pairing.catalog.product_rows import ProductReader
from outfit_pairing.embedding import choose_spec, load_encoder
from outfit_pairing.embedding.models import find_model
from outfit_pairing.embedding.probe import agreement
from outfit_pairing.settings import Settings, load_settings
from outfit_pairing.storage import StageReport
from outfit_pairing.style import load_style_guide

BLOCK_TEXTS = 1_000
Encode = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True, slots=True)
class EmbedSpeed:
    """Plain and ours on the same texts, in texts per second; cosine and overlap of ours with plain."""

    texts: int
    precision: str
    probe_seconds: float
    plain: float
    ours: float
    cosine: float
    overlap: float

    @property
    def ratio(self) -> float:
        """How many times as fast as plain."""
        return self.ours / self.plain


def distinct_texts(settings: Settings) -> list[str]:
    """Every distinct product text of the catalogue, sorted."""
    catalogue = open_catalogue(settings)
    reader = ProductReader(catalogue.mapping_for(catalogue.columns), load_style_guide(), settings.catalog.currency)
    return sorted({row["text"] for row in map(reader.read, catalogue.rows()) if "text" in row})


def plain_encode(settings: Settings) -> Encode:
    """`SentenceTransformer.encode` of the same model, as it comes."""
    from sentence_transformers import SentenceTransformer

    plain = SentenceTransformer(str(find_model(settings.embedding.model)), device="cpu")
    return lambda texts: np.asarray(plain.encode(list(texts)))


def plain_pace(settings: Settings, texts: Sequence[str]) -> float:
    """Texts per second of plain encode alone."""
    encode = plain_encode(settings)
    encode(texts[:32])
    started = time.perf_counter()
    encode(texts)
    return len(texts) / (time.perf_counter() - started)


def measure(settings: Settings, texts: Sequence[str]) -> EmbedSpeed:
    """Plain and ours in turn, block by block; loading of models is outside, the probe is timed apart."""
    started = time.perf_counter()
    spec = choose_spec(settings.embedding, texts)
    probe_seconds = time.perf_counter() - started
    ways = (plain_encode(settings), load_encoder(spec).encode)
    for way in ways:
        way(texts[:32])
    seconds = [0.0, 0.0]
    vectors: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for start in range(0, len(texts), BLOCK_TEXTS):
        for number, way in enumerate(ways):
            begun = time.perf_counter()
            vectors[number].append(way(texts[start : start + BLOCK_TEXTS]))
            seconds[number] += time.perf_counter() - begun
    cosine, overlap = agreement(np.concatenate(vectors[1]), np.concatenate(vectors[0]))
    paces = [len(texts) / spent for spent in seconds]
    return EmbedSpeed(len(texts), spec.precision, probe_seconds, paces[0], paces[1], cosine, overlap)


def through_spark(settings: Settings) -> tuple[StageReport, float]:
    """The embed stage on the whole catalogue in its own warehouse: report, and seconds of the stage."""
    from outfit_pairing.catalog import stage as ingest
    from outfit_pairing.embedding import stage as embed
    from outfit_pairing.storage.session import open_session

    spark = open_session(settings)
    try:
        ingest.run(spark, settings)
        started = time.perf_counter()
        return embed.run(spark, settings), time.perf_counter() - started
    finally:
        spark.stop()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="Encoding speed beside plain SentenceTransformer.encode.")
    parser.add_argument("--catalog", required=True)
    parser.add_argument("--mapping", default="auto")
    parser.add_argument("--texts", type=int, default=3_000, help="texts drawn for the comparison (default 3000)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--spark", action="store_true", help="also run the embed stage on the whole catalogue")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        overrides = [
            f"storage.warehouse={scratch}/warehouse",
            f"catalog.path={chosen.catalog}",
            f"catalog.mapping={chosen.mapping}",
        ]
        settings = load_settings(overrides=overrides)
        texts = distinct_texts(settings)
        drawn = random.Random(chosen.seed).sample(texts, min(chosen.texts, len(texts)))
        speed = measure(settings, drawn)
        print(f"distinct texts         {len(texts):10,}   compared: {speed.texts:,}")
        print(f"plain encode           {speed.plain:10.0f} texts/s")
        print(f"ours, one process      {speed.ours:10.0f} texts/s   {speed.precision}, probe {speed.probe_seconds:.1f} s")
        print(f"ratio                  {speed.ratio:10.2f}")
        print(f"mean cosine            {speed.cosine:10.6f}")
        print(f"top-10 overlap         {speed.overlap:10.4f}")
        if chosen.spark:
            before = plain_pace(settings, drawn[:BLOCK_TEXTS])
            report, seconds = through_spark(settings)
            after = plain_pace(settings, drawn[:BLOCK_TEXTS])
            pace = report.rows_out / seconds
            print(f"whole stage in Spark   {pace:10.0f} texts/s   {seconds:.1f} s, ratio {pace / max(before, after):.2f}")
            print(f"  encoding alone       {report.counters['texts_per_second']:>10} texts/s")
            print(f"  plain, right before and after: {before:.0f} and {after:.0f} texts/s; the ratio is to the faster one")


if __name__ == "__main__":
    main()
