"""When two outfits of a product are two: what a page shows side by side must not be one outfit with another bag."""

LEAST_DIFFERENT = 2  # items in which they must differ


def differ(left: frozenset[str], right: frozenset[str]) -> bool:
    """Whether two outfits of a product differ: the smaller has two items, or all that it has, that the other lacks."""
    smaller = min(len(left), len(right))
    return smaller - len(left & right) >= min(smaller, LEAST_DIFFERENT)
