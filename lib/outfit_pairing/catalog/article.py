"""What a product is: its article type and slot, from the shop's type, else its category, else the words of its name."""

from dataclasses import dataclass
from functools import lru_cache

from outfit_pairing.style import ArticleType, StyleGuide


@dataclass(frozen=True, slots=True)
class Article:
    """`slot` always stands; `known` is the guide's entry, None when no word of the row is known to it.

    `unknown_word`: the shop states a type that the guide does not know.
    """

    slot: str
    known: ArticleType | None
    unknown_word: bool = False


class ArticleReader:
    """Finds articles, each distinct wording once."""

    def __init__(self, guide: StyleGuide) -> None:
        self.guide = guide
        self.of_words = lru_cache(maxsize=20_000)(self._of_words)

    def article(self, article_type: str | None, category: str | None, name: str) -> Article:
        """The shop's type wins over its category (labels are noisy there), the category over the name."""
        said = self.of_words(article_type) if article_type else None
        if said:
            return Article(said.slot, said)
        by_category = self.of_words(category) if category else None
        by_name = self.guide.article_type_in(name)
        if by_category and by_name and by_name.slot == by_category.slot:
            by_category = by_name  # the same place in an outfit, said more exactly
        found = by_category or by_name
        return Article(found.slot if found else "other", found, unknown_word=article_type is not None)

    def _of_words(self, value: str) -> ArticleType | None:
        """The type that `value` names, or that its head noun or last level names ("Women > Shoes > Ankle Boots")."""
        return self.guide.article_type(value) or self.guide.article_type_in(value)
