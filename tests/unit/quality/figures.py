"""Figures of a run that has nothing to hide beside its outfits, so that tests can judge these alone."""

from outfit_pairing.quality.account import Account, account_metrics
from outfit_pairing.quality.drafted_files import DraftedFiles, file_metrics
from outfit_pairing.quality.drift import drift
from outfit_pairing.quality.metrics import Metric


def with_the_rest(metrics: list[Metric]) -> list[Metric]:
    """Metrics of outfits, with those of a run without exports, patterns and earlier runs."""
    found = [*metrics, *account_metrics(Account()), *file_metrics(DraftedFiles(None))]
    return [*found, *drift(found, None)]
