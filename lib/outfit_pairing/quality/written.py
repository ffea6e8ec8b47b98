"""How figures are written for people."""

import math


def shown(value: float | None) -> str:
    """A figure for people: `0.9987`, `44,424`, `nothing to measure`. What is not quite all never reads 1."""
    if value is None:
        return "nothing to measure"
    if float(value).is_integer():
        return f"{value:,.0f}"
    if 0.01 < value < 1:  # cut and not rounded, nor is what misses a limit written like it
        return f"{math.floor(round(min(value, 0.99999) * 1e5, 4)) / 1e5:g}"
    return f"{value:.4g}" if abs(value) >= 0.001 else f"{value:.6f}"
