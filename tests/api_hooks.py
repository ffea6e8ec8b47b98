"""What schemathesis is told beside the description: a rule that JSON schema has no word for."""

from typing import Any

import schemathesis


@schemathesis.hook
def filter_body(context: Any, body: Any) -> bool:
    """Signs that cannot be printed are refused in feedback; which these are, no pattern of JSON schema says."""
    return all(one.isprintable() for one in strings(body))


def strings(value: Any) -> list[str]:
    """All texts of a JSON value."""
    if isinstance(value, dict):
        return [found for one in value.values() for found in strings(one)]
    if isinstance(value, list):
        return [found for one in value for found in strings(one)]
    return [value] if isinstance(value, str) else []
