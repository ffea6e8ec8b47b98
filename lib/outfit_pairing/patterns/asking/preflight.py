"""What can be known to be wrong before Spark starts and before anything is paid for."""

import os
from importlib.util import find_spec

from outfit_pairing.errors import SettingsError, installing
from outfit_pairing.patterns.asking.budget import Budget
from outfit_pairing.patterns.asking.journal import RequestJournal
from outfit_pairing.settings import LlmSettings

OF_DATABRICKS = "databricks-"  # names of the endpoints that Databricks itself serves begin so


def check_model(provider: str, llm: LlmSettings, journal: RequestJournal) -> None:
    """The settings of a provider that asks a model can work; nothing is checked for one that asks none.

    Raises: SettingsError: no model, key, package or prices.   WarehouseError: the journal cannot be written.
    """
    if provider in {"openai", "ai_query"}:
        check_asking(provider, llm)
        journal.check()


def check_asking(provider: str, llm: LlmSettings) -> None:
    """The same for openai or ai_query without the journal, which is left alone.

    Raises: SettingsError: no model, key, package or prices.
    """
    if llm.model is None:
        raise SettingsError(f"patterns.provider {provider} needs llm.model; set it to the model or serving endpoint to ask")
    Budget(llm.budget_tokens, llm.budget_cost, llm.price_prompt, llm.price_completion)
    if provider == "openai":
        if find_spec("openai") is None:
            raise SettingsError(f"patterns.provider openai needs the openai package; {installing('llm')}")
        if llm.base_url is None and llm.model.startswith(OF_DATABRICKS):
            # a token of the workspace would go to a stranger, who has no such model
            raise SettingsError(
                f"llm.model {llm.model} is an endpoint of Databricks, and llm.base_url names none of its servers; "
                "set it to https://WORKSPACE/serving-endpoints, or patterns.provider to ai_query"
            )
        if llm.base_url is None and llm.api_key_secret is None and not os.environ.get(llm.api_key_env):
            raise SettingsError(
                f"no key: the environment variable {llm.api_key_env} is not set; export it, name another with llm.api_key_env, "
                "or a server that needs none with llm.base_url"
            )
