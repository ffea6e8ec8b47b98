"""Asking a language model, once and within limits: what every remote provider shares.

`chat` says what a request and a reply are. `journal` makes replies durable, as `entries`, in `journal_files` or `url_files`.
`coordinator` holds for all workers of a run the rates and the breaker (`limits`), the `budget`, the reply format (`formats`)
and the `leases`, counts what `earlier` runs have used, and answers in `permits`; `coordinator_server` and
`coordinator_client` carry its calls. `retry` says what is tried again and when; `asker` puts them together.
"""
