"""score-outfits, evaluate and fit-compatibility: what the command line does with outfits that people made."""

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from outfit_pairing.embedding import encoder_name
from outfit_pairing.errors import InputError, OutfitsError
from outfit_pairing.scoring.evaluation import Evaluation, Items, Measured, evaluate, known_outfits
from outfit_pairing.scoring.fitting import LEAST_OUTFITS, fit
from outfit_pairing.scoring.judge import Judge
from outfit_pairing.scoring.outfit_files import GivenOutfit, read_outfits
from outfit_pairing.scoring.wardrobe import read_wardrobe
from outfit_pairing.settings import Settings
from outfit_pairing.storage.tracking import track_figures
from outfit_pairing.style.lookbook_model import LookbookModel, load_model, save_model

logger = logging.getLogger(__name__)

TITLES = {
    "auc_random": "AUC, random products",
    "auc_same_type": "AUC, other products of the same types",
    "fill_in_random": "fill in the blank of four, random",
    "fill_in_same_type": "fill in the blank of four, same type",
}
CHANCE = {"auc": 0.5, "fill": 0.25}
HELD_OUT = 5  # every so many'th outfit is kept from fitting to be measured on


def score_outfits(settings: Settings, file: Path) -> list[tuple[str, float]]:
    """(outfit_id, score 0 to 1) for each outfit of the file, in its order.    Raises: InputError."""
    outfits = read_outfits(file)
    judge = open_judge(settings, outfits)
    _say_unknown(outfits, judge)
    return [(one.outfit_id, float(score)) for one, score in zip(outfits, judge.scores([one.items for one in outfits]), strict=True)]


def open_judge(settings: Settings, outfits: Iterable[GivenOutfit]) -> Judge:
    """A judge of the products that the outfits name, with the model of `style.model` where one is set."""
    model = load_model(Path(settings.style.model)) if settings.style.model else None
    if model is not None and model.encoder != encoder_name(settings.embedding):
        raise InputError(
            f"style.model {settings.style.model}: was fitted with {model.encoder}, set embedding.model to it or fit again"
        )
    return Judge(read_wardrobe(settings, [item for one in outfits for item in one.items]), model)


def _say_unknown(outfits: Sequence[GivenOutfit], judge: Judge) -> None:
    held = judge.wardrobe.garments
    unknown = [item for one in outfits for item in one.items if item not in held]
    few = sum(len(judge.known(one.items)) < 2 for one in outfits)
    if unknown:
        logger.warning(
            "%s items of %s are not in the catalogue, such as %s; they are left out", len(unknown), len(outfits), unknown[0]
        )
    if few:
        logger.warning("%s outfits have fewer than two items that the catalogue has; they get the score of what is not known", few)


def evaluate_outfits(settings: Settings, file: Path) -> Evaluation:
    """How well scores agree with the people who made the outfits of the file; logged when tracking is on."""
    outfits = read_outfits(file)
    judge = open_judge(settings, outfits)
    known = _usable(file, outfits, judge, 2)
    found = evaluate(known, judge.wardrobe.garments, judge.scores)
    track_figures(settings, "evaluate", {name: measured.value for name, measured in found.figures.items()})
    return found


@dataclass(frozen=True)
class Fitted:
    """A model, and how well it and the style guide alone do on outfits that it has not seen."""

    model: LookbookModel
    learnt_from: int
    written: Evaluation
    fitted: Evaluation


def fit_outfits(settings: Settings, file: Path, out: Path) -> Fitted:
    """Learn from the outfits of the file and write the model; the figures are of every HELD_OUT'th outfit, kept apart first."""
    outfits = read_outfits(file)
    plain = settings.model_copy(update={"style": settings.style.model_copy(update={"model": None})})
    judge = open_judge(plain, outfits)
    known = _usable(file, outfits, judge, LEAST_OUTFITS * HELD_OUT // (HELD_OUT - 1) + 1)
    encoder = encoder_name(settings.embedding)
    held = known[::HELD_OUT]
    trial = fit([items for place, items in enumerate(known) if place % HELD_OUT], judge.wardrobe, encoder)
    written = evaluate(held, judge.wardrobe.garments, judge.scores)
    fitted = evaluate(held, judge.wardrobe.garments, Judge(judge.wardrobe, trial).scores)
    model = fit(known, judge.wardrobe, encoder)
    save_model(model, out)
    figures = {
        f"{name}_{kind}": one.value
        for kind, found in (("written", written), ("fitted", fitted))
        for name, one in found.figures.items()
    }
    track_figures(settings, "fit-compatibility", figures, out)
    return Fitted(model, len(known), written, fitted)


def _usable(file: Path, outfits: Sequence[GivenOutfit], judge: Judge, least: int) -> list[Items]:
    known = known_outfits(outfits, judge.wardrobe.garments)
    _say_unknown(outfits, judge)
    if len(known) < least:
        raise OutfitsError(f"{file}: only {len(known)} outfits have two items or more that the catalogue has; {least} are needed")
    return known


def evaluation_text(found: Evaluation) -> str:
    """The figures for people."""
    lines = [f"{found.outfits:,} outfits that people made; chance is 0.5 for AUC and 0.25 for fill in the blank"]
    lines += [_line(TITLES[name], one) for name, one in found.figures.items()]
    for title, split in (("slot", found.by_slot), ("audience", found.by_audience)):
        lines += ["", f"fill in the blank of four, same type, by {title}"]
        lines += [_line(f"  {name}", one) for name, one in split.items()]
    return "\n".join(lines) + "\n"


def _line(title: str, one: Measured) -> str:
    return f"{title:42}{one.value:6.3f}  ({one.low:.3f} to {one.high:.3f})  {one.questions:>7,} questions"


def evaluation_json(found: Evaluation) -> str:
    """The figures for programs."""
    parts = {"figures": found.figures, "by_slot": found.by_slot, "by_audience": found.by_audience}
    told = {name: {key: one._asdict() for key, one in figures.items()} for name, figures in parts.items()}
    return json.dumps({"outfits": found.outfits, **told}, indent=2) + "\n"


def fitted_text(found: Fitted, out: Path) -> str:
    """What was learnt, for people."""
    lines = [f"learnt from {found.learnt_from:,} outfits; on {found.fitted.outfits:,} that were kept apart:", ""]
    lines.append(f"{'':42}{'written':>8}{'fitted':>8}")
    for name, one in found.fitted.figures.items():
        before = found.written.figures[name]
        lines.append(f"{TITLES[name]:42}{before.value:8.3f}{one.value:8.3f}  ({one.low:.3f} to {one.high:.3f})")
    weights = ", ".join(f"{name} {weight:g}" for name, weight in found.model.weights.items())
    lines += ["", f"weights: {weights}", f"written to {out}; use it with --set style.model={out}"]
    return "\n".join(lines) + "\n"
