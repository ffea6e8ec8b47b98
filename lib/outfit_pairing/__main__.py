"""`python -m outfit_pairing`: the same command as `outfit-pairing` (a Databricks wheel task starts it this way)."""

from outfit_pairing.cli import main

raise SystemExit(main())
