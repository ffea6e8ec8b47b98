"""The candidate pass in Spark beside a plain numpy loop of the same work: same products, queries, filters, scores and k.

    python benchmarks/candidate_pass.py --warehouse DIR [--rounds 3]

Needs a warehouse that has been through generate-patterns. The plain loop holds all vectors in memory, cuts them into
chunks, multiplies, masks and keeps the best k per query with argpartition; reading the table is outside both clocks'
first round, since Spark reads it in each.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from outfit_pairing.embedding.kept import kept_vectors
from outfit_pairing.pairing.by_patterns import _anchors, _ideas
from outfit_pairing.pairing.candidates import CANDIDATE_SCHEMA, INPUT_COLUMNS, BestPerQuery, Queries, as_queries
from outfit_pairing.pairing.catalogue import read_catalogue
from outfit_pairing.pairing.codes import StyleTables
from outfit_pairing.settings import load_settings
from outfit_pairing.storage.session import open_session

CHUNK_ROWS = 4_096


@dataclass(frozen=True, slots=True)
class CandidateSpeed:
    """Median seconds of both, and the share of candidates that both found (lots break ties alike, so nearly all)."""

    products: int
    queries: int
    spark: float
    plain: float

    @property
    def ratio(self) -> float:
        """Seconds of Spark per second of the plain loop."""
        return self.spark / self.plain


def plain_loop(queries: Queries, tables: StyleTables, frame, vectors: np.ndarray, k: int) -> list[np.ndarray]:  # type: ignore[no-untyped-def]
    """Best k rows per query, the way one would write it in numpy."""
    codes = tables.encode(frame)
    types = frame["article_type"].to_numpy(dtype=object)
    wanted = {name: np.array([name in names for names in queries.type_names]) for name in set(types)}
    stock = frame["in_stock"].to_numpy(dtype=bool)
    best_score = np.full((len(queries.text), k), -np.inf, dtype=np.float32)
    best_row = np.zeros((len(queries.text), k), dtype=np.int64)
    for start in range(0, len(frame), CHUNK_ROWS):
        rows = np.arange(start, min(start + CHUNK_ROWS, len(frame)))
        traits, audience = codes.traits[rows], codes.audience[rows]
        allowed = np.stack([wanted[name] for name in types[rows]], axis=1) & (queries.slot[:, None] == tables.slot[traits])
        allowed &= tables.audience[queries.audience][:, audience] & tables.allowed[queries.traits][:, traits]
        allowed &= tables.offered[traits] & stock[rows]
        score = (queries.vectors @ vectors[rows].T)[queries.text] / np.float32(16e6)
        score = np.where(allowed, score + np.float32(0.12) * queries.colours[:, codes.colour[rows]], -np.inf)
        score = np.concatenate([best_score, score], axis=1)
        row = np.concatenate([best_row, np.broadcast_to(rows, (len(score), len(rows)))], axis=1)
        top = np.argpartition(-score, k - 1, axis=1)[:, :k]
        best_score, best_row = np.take_along_axis(score, top, 1), np.take_along_axis(row, top, 1)
    return [rows[np.isfinite(score)] for rows, score in zip(best_row, best_score, strict=True)]


def measure(warehouse: Path, rounds: int) -> CandidateSpeed:
    """Both, in turn, `rounds` times after one warm-up."""
    from outfit_pairing.style.vectors import fixed_point

    settings = load_settings(overrides=[f"storage.warehouse={warehouse}"])
    spark = open_session(settings)
    try:
        catalogue = read_catalogue(spark, settings)
        anchors = _anchors(catalogue)
        ideas = _ideas(catalogue, anchors, catalogue.tables.encode(anchors))
        texts = sorted({query.text for query in ideas.queries})
        queries = as_queries(ideas.queries, texts, kept_vectors(catalogue.store, texts), catalogue.tables)
        k = settings.outfits.candidates_per_item
        frame = catalogue.with_vectors.toPandas()
        vectors = fixed_point(np.stack(frame["vector"].tolist()))
        frame = frame[list(INPUT_COLUMNS)]
        rows = catalogue.passing(catalogue.with_vectors)
        seconds: tuple[list[float], list[float]] = ([], [])
        for _ in range(rounds + 1):
            started = time.perf_counter()
            rows.mapInArrow(BestPerQuery(queries, catalogue.tables, k), CANDIDATE_SCHEMA).write.format("noop").mode(
                "overwrite"
            ).save()
            seconds[0].append(time.perf_counter() - started)
            started = time.perf_counter()
            plain_loop(queries, catalogue.tables, frame, vectors, k)
            seconds[1].append(time.perf_counter() - started)
        return CandidateSpeed(len(frame), len(ideas.queries), median(seconds[0][1:]), median(seconds[1][1:]))
    finally:
        spark.stop()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="The candidate pass beside a plain numpy loop.")
    parser.add_argument("--warehouse", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3, help="counted rounds after a warm-up (default 3)")
    chosen = parser.parse_args()
    speed = measure(chosen.warehouse, chosen.rounds)
    print(f"candidate pass, {speed.products:,} products, {speed.queries:,} queries")
    print(f"numpy loop             {speed.plain:10.2f} s")
    print(f"Spark, reading included{speed.spark:10.2f} s")
    print(f"ratio                  {speed.ratio:10.2f}")


if __name__ == "__main__":
    main()
