"""spark-submit jobs/select_anchors.py [flags]: the same as `outfit-pairing select-anchors [flags]`."""

import sys

from outfit_pairing.cli import main

if __name__ == "__main__":
    sys.exit(main(["select-anchors", *sys.argv[1:]]))
