"""How figures are written for people."""


def shown(value: float | None) -> str:
    """A figure for people: `0.9987`, `44,424`, `nothing to measure`."""
    if value is None:
        return "nothing to measure"
    if float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:.4g}" if abs(value) >= 0.001 else f"{value:.6f}"
