"""Asking a language model, once and within limits: what every remote provider shares.

`chat` says what a request and a reply are; `journal` makes replies durable; `coordinator` holds rates, budget and the
circuit breaker for all workers of a run; `retry` says what is tried again and when; `asker` puts them together.
"""
