"""score-outfits, evaluate and fit-compatibility: what the command line does with outfits that people made."""

import json
import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from outfit_pairing.embedding import encoder_name
from outfit_pairing.errors import OutfitsError
from outfit_pairing.pairing.learnt import open_model
from outfit_pairing.scoring.evaluation import Evaluation, Figures, Measured, evaluate
from outfit_pairing.scoring.fitting import LEAST_OUTFITS, fit
from outfit_pairing.scoring.judge import Judge
from outfit_pairing.scoring.outfit_files import GivenOutfit, check_writable, read_outfits, write_whole
from outfit_pairing.scoring.questions import Items, known_outfits
from outfit_pairing.scoring.wardrobe import read_wardrobe
from outfit_pairing.settings import Settings
from outfit_pairing.storage.tracking import check_tracking, track_figures
from outfit_pairing.style.lookbook_model import LookbookModel, model_bytes

logger = logging.getLogger(__name__)

TITLES = {
    "auc_random": "AUC, random products",
    "auc_same_type": "AUC, other products of the same types",
    "fill_in_random": "fill in the blank of four, random",
    "fill_in_same_type": "fill in the blank of four, same type",
    "recall_at_10": "recall at 10 of 100 of the slot",
}
HELD_OUT = 5  # every so many'th outfit is kept from fitting to be measured on


def score_outfits(settings: Settings, file: Path) -> list[tuple[str, float]]:
    """(outfit_id, score 0 to 1) for each outfit of the file, in its order.    Raises: InputError."""
    outfits = read_outfits(file)
    judge = open_judge(settings, outfits)
    _say_unknown(outfits, judge)
    return [(one.outfit_id, float(score)) for one, score in zip(outfits, judge.scores([one.items for one in outfits]), strict=True)]


def open_judge(settings: Settings, outfits: Iterable[GivenOutfit]) -> Judge:
    """A judge of the products that the outfits name, with the model of `style.model` where one is set."""
    model = open_model(settings)
    return Judge(read_wardrobe(settings, [item for one in outfits for item in one.items]), model)


def _say_unknown(outfits: Sequence[GivenOutfit], judge: Judge) -> None:
    held = judge.wardrobe.garments
    unknown = [item for one in outfits for item in one.items if item not in held]
    few = sum(len(judge.known(one.items)) < 2 for one in outfits)
    if unknown:
        logger.warning(
            "%s items in %s outfits are not in the catalogue, such as %s; they are left out", len(unknown), len(outfits), unknown[0]
        )
    if few:
        logger.warning("%s outfits have fewer than two items that the catalogue has; nothing can be said of them: 0.5", few)


def evaluate_outfits(settings: Settings, file: Path) -> Evaluation:
    """How well scores agree with the people who made the outfits of the file; logged when tracking is on."""
    check_tracking(settings)
    outfits = read_outfits(file)
    judge = open_judge(settings, outfits)
    known = _usable(file, outfits, judge, 2)
    found = evaluate(known, judge.wardrobe.garments, judge.scores)
    track_figures(settings, "evaluate", {name: measured.value for name, measured in found.figures.items()})
    return found


@dataclass(frozen=True)
class Liked:
    """Outfits that shoppers chose among those they were shown, as product ids.   weight: of each, where a stylist's counts 1."""

    outfits: Sequence[Sequence[str]] = ()
    weight: float = 0.0


NOBODY = Liked()


@dataclass(frozen=True)
class Fitted:
    """A model, and how well it and the style guide alone do on outfits that it has not seen.

    liked: outfits of shoppers that it learnt from as well.
    """

    model: LookbookModel
    learnt_from: int
    liked: int
    written: Evaluation
    fitted: Evaluation


def fit_outfits(settings: Settings, file: Path, out: Path, liked: Liked = NOBODY) -> Fitted:
    """Learn from the outfits of the file and write the model; the figures are of every HELD_OUT'th outfit, kept apart first.

    An outfit that is there twice counts once: it would be learnt by heart, and measured as if it were not. For the same reason
    outfits that shoppers liked are left out where the file has them; the others are learnt from, but never measured on.
    """
    check_tracking(settings)
    outfits = read_outfits(file)
    check_writable(out, "--out")
    plain = settings.model_copy(update={"style": settings.style.model_copy(update={"model": None})})
    given = [GivenOutfit(f"liked {place}", tuple(items)) for place, items in enumerate(liked.outfits)]
    judge = open_judge(plain, [*outfits, *given])
    known = _usable(file, outfits, judge, LEAST_OUTFITS * HELD_OUT // (HELD_OUT - 1) + 1)
    encoder, garments = encoder_name(settings.embedding), judge.wardrobe.garments
    held = known[::HELD_OUT]
    own = {frozenset(items) for items in known}
    weak = [items for items in _distinct(given, judge) if frozenset(items) not in own]
    trial = fit([items for place, items in enumerate(known) if place % HELD_OUT], judge.wardrobe, encoder, weak, liked.weight)
    written = evaluate(held, garments, judge.scores)
    fitted = evaluate(held, garments, Judge(judge.wardrobe, trial).scores)
    model = fit(known, judge.wardrobe, encoder, weak, liked.weight)
    write_whole(model_bytes(model), out, "--out")
    figures = {
        f"{name}_{kind}": one.value
        for kind, found in (("written", written), ("fitted", fitted))
        for name, one in found.figures.items()
    }
    track_figures(settings, "fit-compatibility", figures, out)
    return Fitted(model, len(known), len(weak), written, fitted)


def _usable(file: Path, outfits: Sequence[GivenOutfit], judge: Judge, least: int) -> list[Items]:
    """Outfits of two known items or more, each once."""
    known = _distinct(outfits, judge)
    _say_unknown(outfits, judge)
    if len(known) < least:
        raise OutfitsError(
            f"{file}: only {len(known)} different outfits have two items or more that the catalogue has; {least} are needed"
        )
    return known


def _distinct(outfits: Sequence[GivenOutfit], judge: Judge) -> list[Items]:
    return list({frozenset(items): items for items in known_outfits(outfits, judge.wardrobe.garments)}.values())


def evaluation_text(found: Evaluation) -> str:
    """The figures for people."""
    some = "" if found.measured == found.outfits else f", {found.measured:,} of them drawn to be measured"
    lines = [f"{found.outfits:,} outfits that people made{some}; chance is 0.5 for AUC, 0.25 for fill in the blank, 0.1 for recall"]
    lines += [_line(TITLES[name], one) for name, one in found.figures.items()]
    for title, split in (("slot", found.by_slot), ("audience", found.by_audience)):
        for name in next(iter(split.values()), {}):
            lines += ["", f"{TITLES[name]}, by {title}"]
            lines += [_line(f"  {one}", figures[name]) for one, figures in split.items() if figures[name].questions]
    return "\n".join(lines) + "\n"


def _line(title: str, one: Measured) -> str:
    within = "" if math.isnan(one.low) else f"({one.low:.3f} to {one.high:.3f})"
    return f"{title:42}{_shown(one.value)}  {within:16}  {one.questions:>7,} questions"


def _shown(value: float) -> str:
    return f"{'–':>6}" if math.isnan(value) else f"{value:6.3f}"


def evaluation_json(found: Evaluation) -> str:
    """The figures for programs."""
    return json.dumps(_told(found), indent=2) + "\n"


def _told(found: Evaluation) -> dict[str, Any]:
    return {
        "outfits": found.outfits,
        "measured": found.measured,
        "figures": _plain(found.figures),
        "by_slot": {name: _plain(figures) for name, figures in found.by_slot.items()},
        "by_audience": {name: _plain(figures) for name, figures in found.by_audience.items()},
    }


def _plain(figures: Figures) -> dict[str, Mapping[str, float | None]]:
    """JSON has no nan: null."""
    return {
        name: {field: None if math.isnan(value) else value for field, value in one._asdict().items()}
        for name, one in figures.items()
    }


def fitted_text(found: Fitted, out: Path) -> str:
    """What was learnt, for people."""
    liked = f" and {found.liked:,} that shoppers liked" if found.liked else ""
    lines = [f"learnt from {found.learnt_from:,} outfits{liked}; on {found.fitted.measured:,} that were kept apart:", ""]
    lines.append(f"{'':42}{'written':>8}{'fitted':>8}")
    for name, one in found.fitted.figures.items():
        within = "" if math.isnan(one.low) else f"({one.low:.3f} to {one.high:.3f})"
        lines.append(f"{TITLES[name]:42}  {_shown(found.written.figures[name].value)}  {_shown(one.value)}  {within}")
    weights = ", ".join(f"{name} {weight:g}" for name, weight in found.model.weights.items())
    lines += ["", f"weights: {weights}", f"written to {out}; use it with --set style.model={out}"]
    return "\n".join(lines) + "\n"


def fitted_json(found: Fitted, out: Path) -> str:
    """What was learnt, for programs."""
    told = {
        "learnt_from": found.learnt_from,
        "liked": found.liked,
        "weights": dict(found.model.weights),
        "model": str(out),
        "written": _told(found.written),
        "fitted": _told(found.fitted),
    }
    return json.dumps(told, indent=2) + "\n"
