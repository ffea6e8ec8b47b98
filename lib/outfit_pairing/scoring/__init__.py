"""Outfits that people made: how well their items go together, and what can be learnt from them. No Spark."""
