"""spark-submit jobs/release.py [flags]: the same as `outfit-pairing release [flags]`."""

import sys

from outfit_pairing.cli import main

if __name__ == "__main__":
    sys.exit(main(["release", *sys.argv[1:]]))
