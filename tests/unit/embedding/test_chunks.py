"""How the embed stage cuts its work and tells of it."""

from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.embedding.chunks import chunks, progress

counts = st.dictionaries(st.integers(0, 1_023), st.integers(0, 50), max_size=60)


@given(counts, st.integers(1, 200))
def test_chunks_cover_every_new_text_once(new_by_bucket: dict[int, int], most: int) -> None:
    """Buckets fall into chunks that do not overlap and count right."""
    cut = list(chunks(new_by_bucket, most))
    covered = [bucket for first, last, _ in cut for bucket in range(first, last + 1) if new_by_bucket.get(bucket)]
    assert sorted(bucket for bucket, new in new_by_bucket.items() if new) == covered
    assert sum(new_by_bucket.values()) == sum(size for _, _, size in cut)


@given(counts, st.integers(1, 200))
def test_a_chunk_is_no_larger_than_asked_unless_one_bucket_is(new_by_bucket: dict[int, int], most: int) -> None:
    """An interrupted run loses at most one chunk of work."""
    for first, last, size in chunks(new_by_bucket, most):
        assert size <= most or first == last


def test_progress_says_how_much_is_done_and_how_long_it_takes() -> None:
    """The line has texts done, the pace and the rest."""
    assert progress(8_000, 24_000, 16.0) == "8,000 of 24,000 texts, 500 texts/s, about 32 s left"
    assert progress(24_000, 24_000, 48.0) == "24,000 of 24,000 texts, 500 texts/s, 48 s in all"
