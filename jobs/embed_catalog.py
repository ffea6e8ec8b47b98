"""spark-submit jobs/embed_catalog.py [flags]: the same as `outfit-pairing embed [flags]`."""

import sys

from outfit_pairing.cli import main

if __name__ == "__main__":
    sys.exit(main(["embed", *sys.argv[1:]]))
