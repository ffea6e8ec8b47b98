"""Chunks and runs of texts for a forward pass without padding."""

from hypothesis import given
from hypothesis import strategies as st

from outfit_pairing.embedding.packing import runs_of_equal, token_chunks

lengths_of_texts = st.lists(st.integers(1, 60), max_size=80)
budgets = st.integers(1, 200)


@given(lengths_of_texts, budgets)
def test_every_text_is_encoded_exactly_once(lengths: list[int], budget: int) -> None:
    """No text is lost or encoded twice, whatever the lengths."""
    chunks = list(token_chunks(lengths, budget))
    assert list(range(len(lengths))) == sorted(index for chunk in chunks for index in chunk.tolist())


@given(lengths_of_texts, budgets)
def test_no_chunk_holds_more_tokens_than_its_budget(lengths: list[int], budget: int) -> None:
    """Memory is bounded by the budget, or by one text that is longer."""
    for chunk in token_chunks(lengths, budget):
        assert len(chunk) == 1 or sum(lengths[index] for index in chunk) <= budget


@given(lengths_of_texts, budgets)
def test_texts_of_equal_length_lie_together(lengths: list[int], budget: int) -> None:
    """Attention sees few and large groups, since lengths never fall."""
    in_order = [lengths[index] for chunk in token_chunks(lengths, budget) for index in chunk]
    assert sorted(lengths) == in_order


@given(lengths_of_texts)
def test_runs_tell_the_lengths_again(lengths: list[int]) -> None:
    """Runs of equal lengths, unrolled, are the lengths."""
    assert lengths == [length for texts, length in runs_of_equal(lengths) for _ in range(texts)]


def test_neighbours_of_equal_length_make_one_run() -> None:
    """Only neighbours are joined."""
    assert runs_of_equal([4, 4, 7, 4]) == [(2, 4), (1, 7), (1, 4)]
