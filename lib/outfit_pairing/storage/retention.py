"""How long a table keeps its former versions. It says so itself, since VACUUM goes by that, whoever calls it."""

SAFE_DAYS = 7  # Delta's own limit: a run or reader that takes longer than the retention loses its files
RETENTION = ("delta.deletedFileRetentionDuration", "delta.logRetentionDuration")


def retention(days: int) -> str:
    """As Delta writes it."""
    return f"interval {days} days"


def retention_properties(days: int) -> str:
    """What TBLPROPERTIES says, between the brackets."""
    return ", ".join(f"'{name}' = '{retention(days)}'" for name in RETENTION)
