"""What the check has said of the draft: only one that has passed is released."""

from outfit_pairing.errors import GateMissed, InputError
from outfit_pairing.storage.store import TableStore
from outfit_pairing.storage.tables import DRAFTED_RECOMMENDATIONS, DRAFTED_VERSION, QUALITY_METRICS

CURE = "`outfit-pairing check-quality` judges what is drafted, and releases it if it passes"


def must_have_passed(store: TableStore) -> None:
    """The latest check was of the rows that are drafted now, and missed no gate.

    Raises:  InputError: it was not checked.    GateMissed: it missed a gate.    MissingTable: nothing is drafted.
    """
    store.read(DRAFTED_RECOMMENDATIONS)  # says which stage to run where it is missing
    run_id = _judged_by(store)
    if run_id is None:
        raise InputError(f"what is drafted has not been checked, so that what was released stays; {CURE}")
    rows = store.rows_of(QUALITY_METRICS, ("metric", "passed"), "run_id", [run_id])
    missed = sorted(row["metric"] for row in rows if row["passed"] is False)
    if missed:
        raise GateMissed([f"{name} in run {run_id}" for name in missed])


def _judged_by(store: TableStore) -> str | None:
    """The run of the latest check, if no row of the draft has changed since. OPTIMIZE makes versions, and changes none."""
    if not store.exists(QUALITY_METRICS):
        return None
    rows = store.rows_of(QUALITY_METRICS, ("run_id", "value", "updated_at"), "metric", [DRAFTED_VERSION])
    last = max(rows, key=lambda row: row["updated_at"].timestamp(), default=None)
    if last is None or last["value"] is None:
        return None
    judged, now = int(last["value"]), store.version(DRAFTED_RECOMMENDATIONS)
    changed = store.changed_since(DRAFTED_RECOMMENDATIONS, judged, "product_id", now) if judged <= now else None
    return str(last["run_id"]) if changed is not None and changed.isEmpty() else None
