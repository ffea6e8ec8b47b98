"""The commands that judge outfits which people made: score-outfits, evaluate, fit-compatibility. None of them starts Spark."""

import argparse
import json
import logging
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from outfit_pairing.settings import Settings

logger = logging.getLogger(__name__)

Opened = Callable[[argparse.Namespace], Settings]
OUTFITS_HELP = 'outfits, JSON lines {"outfit_id": ..., "items": [product ids]}'


def add_scoring_commands(commands: Any, command: Callable[..., argparse.ArgumentParser], settings: Opened) -> None:
    """`command` makes a sub-command with the usual flags; `settings` reads them."""
    score = command(commands, "score-outfits", "how well the items of given outfits go together, 0 to 1", _score)
    check = command(commands, "evaluate", "how well scores agree with the people who made the given outfits", _evaluate)
    learn = command(commands, "fit-compatibility", "learn from outfits that a shop's own stylists made", _fit)
    for one in (score, check, learn):
        one.set_defaults(open_settings=settings)
        one.add_argument("--catalog", metavar="FILE", help="catalogue that the product ids are of (default: as in settings)")
        one.add_argument("--mapping", metavar="NAME", help="a file of conf/mappings by name, or a path (default: auto)")
        one.add_argument("--outfits", type=Path, required=True, metavar="FILE", help=OUTFITS_HELP)
    score.add_argument("--out", type=Path, metavar="FILE", help="CSV of outfit_id,score in the order given (default: stdout)")
    check.add_argument("--page", type=Path, metavar="FILE", help="also write the figures as an HTML page (default: none)")
    learn.add_argument(
        "--feedback",
        type=_share,
        metavar="WEIGHT",
        help="learn also from outfits that shoppers clicked or bought; each counts so much of a stylist's: 0.2, say (default: not)",
    )
    learn.add_argument("--out", type=Path, default=Path("style_model.npz"), metavar="FILE", help="the model (default: %(default)s)")


def _share(text: str) -> float:
    """A weight above 0, at most 1."""
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not 0 < weight <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no weight: give a number above 0, at most 1")
    return weight


def _score(flags: argparse.Namespace) -> int:
    from outfit_pairing.scoring.commands import score_outfits
    from outfit_pairing.scoring.outfit_files import check_writable, scores_text, write_whole

    if flags.out is not None:
        check_writable(flags.out, "--out")
    scores = score_outfits(flags.open_settings(flags), flags.outfits)
    if flags.out is not None:
        write_whole(scores_text(scores).encode(), flags.out, "--out")
    elif not flags.json:
        sys.stdout.write(scores_text(scores))
    if flags.json:
        sys.stdout.write(json.dumps([{"outfit_id": one, "score": round(score, 6)} for one, score in scores], indent=2) + "\n")
    return 0


def _evaluate(flags: argparse.Namespace) -> int:
    from outfit_pairing.scoring.commands import evaluate_outfits, evaluation_json, evaluation_text
    from outfit_pairing.scoring.outfit_files import check_writable, write_whole
    from outfit_pairing.scoring.page import render

    if flags.page is not None:
        check_writable(flags.page, "--page")
    settings = flags.open_settings(flags)
    found = evaluate_outfits(settings, flags.outfits)
    if flags.page is not None:
        page = render(found, outfits=flags.outfits, catalogue=settings.catalog.path or "", model=settings.style.model)
        write_whole(page.encode(), flags.page, "--page")
    sys.stdout.write(evaluation_json(found) if flags.json else evaluation_text(found))
    return 0


def _fit(flags: argparse.Namespace) -> int:
    from outfit_pairing.scoring.commands import Liked, fit_outfits, fitted_json, fitted_text

    settings = flags.open_settings(flags)
    liked = _liked(settings) if flags.feedback else []
    found = fit_outfits(settings, flags.outfits, flags.out, Liked(liked, flags.feedback or 0.0))
    sys.stdout.write(fitted_json(found, flags.out) if flags.json else fitted_text(found, flags.out))
    return 0


def _liked(settings: Settings) -> list[list[str]]:
    from outfit_pairing.serving.feedback_reading import liked_outfits

    liked, gone = liked_outfits(settings)
    logger.info("%s outfits that shoppers liked; %s more are shown no longer and left out", f"{len(liked):,}", f"{gone:,}")
    return liked
