"""How the embed stage cuts its work into commits, and what it tells between them."""

from collections.abc import Iterator, Mapping


def chunks(new_by_bucket: Mapping[int, int], most: int) -> Iterator[tuple[int, int, int]]:
    """(first bucket, last bucket, new texts) of each chunk: neighbouring buckets, at most `most` texts unless one has more."""
    buckets = sorted(bucket for bucket, new in new_by_bucket.items() if new)
    start, size = 0, 0
    for end, bucket in enumerate(buckets):
        if end > start and size + new_by_bucket[bucket] > most:
            yield buckets[start], buckets[end - 1], size
            start, size = end, 0
        size += new_by_bucket[bucket]
    if buckets:
        yield buckets[start], buckets[-1], size


def progress(done: int, total: int, seconds: float) -> str:
    """How far it is, how fast, and how long it will still take: `8,000 of 33,267 texts, 512 texts/s, about 49 s left`."""
    pace = done / max(1e-9, seconds)
    rest = f"about {(total - done) / pace:.0f} s left" if done < total else f"{seconds:.0f} s in all"
    return f"{done:,} of {total:,} texts, {pace:.0f} texts/s, {rest}"
