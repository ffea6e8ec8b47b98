"""The provider that needs no model and no key: it composes patterns from the written style guide."""

import json
from dataclasses import asdict

from outfit_pairing.patterns.provider import PatternRequest, Reply
from outfit_pairing.style import StyleGuide
from outfit_pairing.style.formulas import version_of
from outfit_pairing.style.guide_files import GUIDE_FOLDER
from outfit_pairing.style.product import Product
from outfit_pairing.style.templates import Vocabulary, compose, templates_version


class StyleGuideProvider:
    """Composes patterns in the words of one catalogue. Its `model` is the version of the whole guide."""

    name = "style_guide"

    def __init__(self, guide: StyleGuide, vocabulary: Vocabulary) -> None:
        self._guide, self._vocabulary = guide, vocabulary
        self.model = version_of(*sorted(GUIDE_FOLDER.glob("*.yaml")))
        self.prompt_version = templates_version(guide)

    def request(self, anchor: Product, count: int) -> PatternRequest:
        """The anchor as JSON: all that the style guide reads of it."""
        return PatternRequest(anchor, count, json.dumps(asdict(anchor), sort_keys=True))

    def reply(self, request: PatternRequest) -> Reply:
        """Patterns as JSON. Costs nothing; time is not told, so that the same question has the same row in the journal."""
        ideas = compose(request.anchor, self._guide, self._vocabulary, request.count)
        text = json.dumps({"patterns": [asdict(idea) for idea in ideas]})
        return Reply(text, prompt_tokens=0, completion_tokens=0, cost=0.0)
