"""Where the key of a model comes from: an environment variable or a Databricks secret. Named in settings, never held there."""

import os
from typing import TYPE_CHECKING

from outfit_pairing.errors import SettingsError
from outfit_pairing.settings import LlmSettings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def read_key(settings: LlmSettings, spark: "SparkSession | None" = None) -> str | None:
    """The key, None when the environment has none and no secret is named.

    Raises: SettingsError: the secret cannot be read, or is read without Spark.
    """
    if settings.api_key_secret is None:
        return os.environ.get(settings.api_key_env) or None
    scope, _, name = settings.api_key_secret.partition("/")
    if spark is None:
        raise SettingsError(f"llm.api_key_secret {settings.api_key_secret} can be read in a Spark session only")
    from pyspark.errors import PySparkException
    from pyspark.sql import functions as F

    try:
        row = spark.range(1).select(F.call_function("secret", F.lit(scope), F.lit(name)).alias("key")).head()
    except PySparkException as fault:
        reason = str(fault).strip().splitlines()[0][:200]
        raise SettingsError(f"llm.api_key_secret {settings.api_key_secret} cannot be read ({reason})") from None
    return str(row["key"]) if row and row["key"] else None


def key_from(settings: LlmSettings) -> str:
    """Where the key should come from, for messages."""
    return f"secret {settings.api_key_secret}" if settings.api_key_secret else f"environment variable {settings.api_key_env}"
