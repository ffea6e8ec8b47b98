"""spark-submit jobs/ingest_catalog.py [flags]: the same as `outfit-pairing ingest [flags]`."""

import sys

from outfit_pairing.cli import main

if __name__ == "__main__":
    sys.exit(main(["ingest", *sys.argv[1:]]))
