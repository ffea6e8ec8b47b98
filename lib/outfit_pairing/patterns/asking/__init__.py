"""Asking a language model, once and within limits: what every remote provider shares.

`chat` says what a request and a reply are; `journal` makes replies durable (`journal_files`, `url_files`: where they lie);
`coordinator` holds rates and breaker (`limits`), budget (`budget`), reply format (`formats`) and leases (`leases`) for all
workers of a run, and answers in `permits`; `coordinator_server` and `coordinator_client` carry its calls; `retry` says what
is tried again and when; `asker` puts them together.
"""
