"""Repeatable measurements, each a ratio against a plain implementation in the same run."""
