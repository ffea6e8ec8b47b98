"""Tests of the quality room; nothing here starts a JVM."""
