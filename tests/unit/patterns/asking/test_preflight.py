"""What is known to be wrong before anything is asked."""

import pytest

from outfit_pairing.errors import SettingsError
from outfit_pairing.patterns.asking.preflight import check_asking
from outfit_pairing.settings import LlmSettings

ENDPOINT = "databricks-gpt-oss-120b"


def test_a_token_of_databricks_is_not_sent_to_openai() -> None:
    """A model that only Databricks has, and no address: refused with both ways out, also where a key is named."""
    with pytest.raises(SettingsError, match=r"set it to https://WORKSPACE/serving-endpoints, or patterns\.provider to ai_query"):
        check_asking("openai", LlmSettings(model=ENDPOINT, api_key_secret="shop/key"))


def test_the_same_model_is_asked_at_a_workspace_or_by_ai_query() -> None:
    """As jobs and notebooks do."""
    check_asking("openai", LlmSettings(model=ENDPOINT, base_url="https://shop.example/serving-endpoints"))
    check_asking("ai_query", LlmSettings(model=ENDPOINT))
