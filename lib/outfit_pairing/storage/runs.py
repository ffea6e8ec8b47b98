"""What a stage reports, and the table that remembers it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StageReport:
    """The figures of one stage: what the console table, the `runs` table and MLflow show.

    `counters` holds what is worth saying beyond rows: `texts_encoded`, `rows_written`, `strata` …
    `seconds` is filled by the pipeline, which times the whole stage.
    """

    stage: str
    rows_in: int
    rows_out: int
    rows_rejected: int = 0
    seconds: float = 0.0
    counters: Mapping[str, int | float | str] = field(default_factory=dict)
