"""Where an outfit can come from, and how far each source is trusted before the outfit itself is looked at."""

BASE_CONFIDENCE = {"lookbook_curated": 1.0, "lookbook_algorithmic": 0.8, "pattern_based": 0.7, "rule_based": 0.6}
