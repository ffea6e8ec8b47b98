"""One typed tree of settings: YAML file < environment < command line, checked before any Spark work.

A field states its bounds and what it means; `--help`, docs/settings.md and error messages read them from here.
Secrets are never held: a setting names the environment variable that holds one.
"""

import difflib
import os
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from outfit_pairing.credentials import without_credentials
from outfit_pairing.errors import SettingsError, listed
from outfit_pairing.yaml_files import read_list, read_yaml

Name = Annotated[str, Field(min_length=1)]
ENVIRONMENT_PREFIX = "OUTFIT_"
# Named OUTFIT_… for users' convenience, but no settings: where tests find data, and what the shell wrapper sets.
NOT_SETTINGS = {"OUTFIT_DATA_DIR"}
# Names of Spark's settings whose values are secrets.
SECRET = re.compile(r"(?i)secret|pass(word|phrase)|token|(access|account|sas|private|encryption)\.key|\.sas\.")
OPEN_ENDED = ("spark", "conf")  # its keys are Spark's
NAMES_OF_SECRETS = {"llm.api_key_env", "llm.api_key_secret"}


class Strict(BaseModel):
    """Frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class StorageSettings(Strict):
    """Where tables lie."""

    warehouse: str = Field("warehouse", min_length=1, description="Folder or URL; a table lies at <warehouse>/<table>.")
    catalog: str | None = Field(None, description="Unity Catalog name; with it tables are named, not placed by path.")
    schema_: str | None = Field(None, alias="schema", description="Schema inside `storage.catalog`.")
    wait_s: float = Field(0, ge=0, le=86_400, description="Seconds to wait for another run that is writing the warehouse; 0: stop.")
    retention_days: int = Field(
        30, ge=0, le=3_650, description="So long can former versions be restored; `maintain` deletes older."
    )
    small_by_driver: bool = Field(True, description="Small tables in a folder are read and written by the driver, not by Spark.")

    model_config = ConfigDict(populate_by_name=True)

    @field_validator("warehouse")
    @classmethod
    def _no_pattern(cls, value: str) -> str:
        if re.search(r"[*?\[\]{}\\\x00-\x1f]", value):
            raise ValueError("Spark would take * ? [ ] { } \\ or a line break in it for a pattern; name a folder or URL without")
        return value

    @field_validator("catalog", "schema_")
    @classmethod
    def _one_name(cls, value: str | None) -> str | None:
        if value is not None and (not value or re.search(r"[./`{}\x00-\x20\x7f]", value)):
            raise ValueError("it is to be one name, without dot, slash, backtick, brace or space")
        return value


def _leaves(name: str, tree: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Dotted name and value, as text, of every leaf."""
    for key, value in tree.items():
        path = f"{name}.{key}" if name else str(key)
        if isinstance(value, Mapping):
            yield from _leaves(path, value)
        else:
            yield path, str(value).lower() if isinstance(value, bool) else str(value)


class SparkSettings(Strict):
    """The session; ignored where a session is given (Databricks, spark-submit)."""

    master: str | None = Field(None, description="Spark master, or sc://… (Connect); unset: what spark-submit says, else local[*].")
    partitions: int | None = Field(
        None, ge=1, le=100_000, description="Partitions of heavy passes; unset: two per core of the driver."
    )
    driver_memory: str = Field("1536m", pattern=r"^[0-9]+[mg]$", description="Heap of a driver's JVM that this package starts.")
    conf: dict[str, str] = Field({}, description="Spark's own settings; no secrets. Not on Databricks, nor over Spark Connect.")

    @field_validator("conf", mode="before")
    @classmethod
    def _dotted(cls, value: Any) -> Any:
        """Names of Spark have dots, which the layers of settings take for levels."""
        return dict(_leaves("", value)) if isinstance(value, Mapping) else value

    @field_validator("conf")
    @classmethod
    def _harmless(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if not name.startswith("spark."):
                raise ValueError(f"{name} is no setting of Spark; Hadoop's begin with spark.hadoop.")
            if SECRET.search(name):
                raise ValueError(f"{name} holds a secret; give it by the environment, as AWS_SECRET_ACCESS_KEY")
        return value


class CatalogSettings(Strict):
    """The catalogue to read."""

    path: str | None = Field(None, description="Catalogue file, folder or table.")
    mapping: str = Field("auto", min_length=1, description="A file of conf/mappings by name, a path, or auto.")
    currency: str = Field("USD", pattern=r"^[A-Z]{3}$", description="Currency of prices that say none.")


class LookbookSettings(Strict):
    """Outfits that the shop's own stylists made."""

    path: str | None = Field(None, min_length=1, description="JSON lines on a disk or volume; unset: no looks are offered.")


class EmbeddingSettings(Strict):
    """The text encoder."""

    model: str = Field("all-MiniLM-L6-v2", min_length=1, description="Name, local folder, or `hashing` (coarse, no model).")
    precision: Literal["auto", "fp32", "bf16", "int8"] = Field("auto", description="How vectors are computed; auto: a probe picks.")
    chunk_texts: int = Field(20_000, ge=100, description="Texts per commit, at least a 64th of all.")


class AnchorSettings(Strict):
    """Choice of anchors."""

    budget: int = Field(200, ge=1, le=10_000, description="Anchors to choose over the whole catalogue.")


class PatternSettings(Strict):
    """Outfit patterns for anchors."""

    provider: Literal["style_guide", "openai", "ai_query"] = Field("style_guide", description="Who writes patterns.")
    per_anchor: int = Field(8, ge=5, le=10, description="Patterns per anchor.")
    min_score: float = Field(0.60, ge=0, le=1, description="Patterns of a model or a file below this quality are not used.")
    retry_quarantined: bool = Field(False, description="Ask again for anchors whose replies could not be used.")


class LlmSettings(Strict):
    """The language model that writes patterns, when `patterns.provider` is openai or ai_query."""

    base_url: str | None = Field(None, pattern=r"^https?://", description="OpenAI-compatible server, up to and with /v1.")
    model: str | None = Field(None, min_length=1, description="Model, or Databricks serving endpoint.")
    api_key_env: str = Field(
        "OPENAI_API_KEY", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="Name of the environment variable that holds the key."
    )
    api_key_secret: str | None = Field(None, pattern=r"^[^/]+/[^/]+$", description="Databricks secret as scope/key, instead.")
    workers: int = Field(4, ge=1, le=1_000, description="Partitions that anchors are spread over.")
    concurrency: int = Field(8, ge=1, le=256, description="Requests in flight per worker.")
    timeout_s: float = Field(60, gt=0, le=3_600, description="Limit for one request, in seconds.")
    attempts: int = Field(6, ge=1, le=20, description="Tries for one reply, the first included.")
    give_up_s: float = Field(300, gt=0, description="A server that is down for so long stops the run, in seconds.")
    requests_per_minute: int | None = Field(None, ge=1, description="Over all workers together; unset: no limit.")
    tokens_per_minute: int | None = Field(None, ge=1, description="Over all workers together; unset: no limit.")
    budget_tokens: int | None = Field(None, ge=0, description="Most tokens for the anchors at hand, earlier runs included.")
    budget_cost: float | None = Field(None, ge=0, description="The same in money; needs both prices.")
    price_prompt: float | None = Field(None, ge=0, description="Price of a million prompt tokens.")
    price_completion: float | None = Field(None, ge=0, description="Price of a million completion tokens.")
    max_tokens: int = Field(3_000, ge=64, description="Most completion tokens of one reply.")
    temperature: float | None = Field(0.7, ge=0, le=2, description="Sampling temperature; null: the server's own.")
    journal: str | None = Field(None, description="Folder or URL that keeps every reply; unset: <warehouse>/journal.")


class OutfitSettings(Strict):
    """Outfits per product."""

    min_score: float = Field(0.35, ge=0, le=1, description="Outfits below this compatibility are not offered.")
    per_product: int = Field(5, ge=3, le=5, description="Most outfits offered for a product.")
    candidates_per_item: int = Field(400, ge=8, le=2_000, description="Candidates kept per pattern item and audience.")
    part_products: int = Field(150_000, ge=50, description="A larger catalogue is paired in parts of about so many products.")
    choice: int = Field(12, ge=4, le=64, description="Candidates judged per product and item; fewer spread exposure wider.")
    patterns_per_product: int = Field(12, ge=3, le=40, description="Patterns tried for a product before the best outfits are kept.")


class StyleSettings(Strict):
    """What outfits are judged by."""

    model: str | None = Field(None, description="File of fit-compatibility, beside the style guide; unset: the style guide alone.")


class PublishSettings(Strict):
    """What leaves the warehouse."""

    folder: str | None = Field(None, description="Folder of the JSON files; unset: <warehouse>/exports.")
    products_per_file: int = Field(10_000, ge=100, description="Products in one pattern_recs_*.json file.")
    postgres: str | None = Field(None, description="postgresql://… without a password (PGPASSWORD has it); unset: not sent.")
    postgres_schema: str = Field("outfit_pairing", min_length=1, max_length=63, description="Schema of the Postgres tables.")


class ServeSettings(Strict):
    """The HTTP service."""

    host: str = Field("127.0.0.1", description="Address that is listened on.")
    port: int = Field(8000, ge=0, le=65535, description="Port; 0: a free one.")
    store: Literal["delta", "postgres"] = Field("delta", description="Where the released outfits are read from.")
    poll_s: float = Field(5.0, gt=0, description="Seconds between looks for a newer release.")
    api_key_env: str | None = Field(None, description="Name of the environment variable with the API key; unset: open to all.")
    experiment: str | None = Field(None, description="Experiment id of an A/B test; unset: no variants.")
    variants: list[Name] = Field(["control", "outfits"], description="Variants that users are spread over, evenly: a,b,c.")
    feedback: Literal["delta", "postgres", "off"] = Field("delta", description="Where feedback is kept.")

    @field_validator("variants", mode="before")
    @classmethod
    def _listed(cls, given: object) -> object:
        return read_list(given) if isinstance(given, str) else given


class GateSettings(Strict):
    """Limits that a result must keep to be published; a missed one ends the run with exit code 3."""

    coverage: float = Field(0.999, ge=0, le=1, description="Least share of products that can have outfits that have 3 to 5.")
    from_patterns: float = Field(
        0.90, ge=0, le=1, description="Least share of wearable products with three outfits from patterns or looks."
    )
    violations: int = Field(0, ge=0, description="Most outfits that break a hard rule.")
    largest_share: float = Field(0.003, ge=0, le=1, description="Largest share of all filled slots that one product may take.")
    catalogue_share: float = Field(0.45, ge=0, le=1, description="Least share of wearable products that appear in some outfit.")
    different_outfits: float = Field(0.999, ge=0, le=1, description="Least share of products whose outfits differ in two items.")
    clashes: float = Field(0.01, ge=0, le=1, description="Largest share of item pairs whose colours clash.")
    rejected: float = Field(0.02, ge=0, le=1, description="Largest share of catalogue rows rejected.")
    least_products: int = Field(10_000, ge=1, description="Spread gates hold from so many products: few cannot spread.")
    pattern_yield: float = Field(0.5, ge=0, le=1, description="Least share of the patterns asked for that were good.")
    smallest_file: int = Field(1_025, ge=0, description="Fewest bytes of an export of products, anchors or patterns.")
    model_cost: float | None = Field(None, ge=0, description="Most money for the model in one run; unset: no limit.")
    model_tokens: int | None = Field(None, ge=0, description="Most tokens of the model in one run; unset: no limit.")
    run_seconds: float | None = Field(None, gt=0, description="Longest that the stages before the check take; unset: no limit.")
    drift_products: float | None = Field(0.3, ge=0, description="Largest change since the last good run, as share; null: no limit.")
    drift_outfits: float | None = Field(0.3, ge=0, description="The same of outfits.")
    drift_coverage: float | None = Field(0.02, ge=0, le=1, description="Largest fall of coverage since the last good run.")
    drift_from_patterns: float | None = Field(0.1, ge=0, le=1, description="Largest fall of from_patterns since then.")
    drift_mean_score: float | None = Field(0.05, ge=0, le=1, description="Largest fall of the mean score since then.")


class QualitySettings(Strict):
    """Checks before publishing."""

    gates: GateSettings = GateSettings()
    accept_drift: bool = Field(False, description="A jump since the last good run is meant (--accept-drift).")


class TrackingSettings(Strict):
    """MLflow."""

    uri: str | None = Field(None, description="MLflow tracking URI; unset: no tracking.")
    experiment: str = Field("outfit-pairing", description="MLflow experiment; on Databricks a path, such as /Shared/outfits.")


def new_run_id() -> str:
    """A name that sorts by start time and is different for every run."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"


class Settings(Strict):
    """The whole tree. `run_id` names one run of the chain in every table that it writes."""

    run_id: str = Field(
        default_factory=new_run_id,
        pattern=r"^[^./\\\x00-\x1f][^/\\\x00-\x1f]*$",
        description="Name of this run; made up when unset.",
    )
    full: bool = Field(False, description="Make all patterns and outfits anew, also those that no change touches (--full).")
    storage: StorageSettings = StorageSettings()
    spark: SparkSettings = SparkSettings()
    catalog: CatalogSettings = CatalogSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    anchors: AnchorSettings = AnchorSettings()
    patterns: PatternSettings = PatternSettings()
    llm: LlmSettings = LlmSettings()
    lookbook: LookbookSettings = LookbookSettings()
    outfits: OutfitSettings = OutfitSettings()
    style: StyleSettings = StyleSettings()
    publish: PublishSettings = PublishSettings()
    serve: ServeSettings = ServeSettings()
    quality: QualitySettings = QualitySettings()
    tracking: TrackingSettings = TrackingSettings()

    def kept(self) -> dict[str, Any]:
        """The tree as tables and tracking may keep it: URLs without what lets somebody in."""
        return _without_credentials(self.model_dump(mode="json", by_alias=True))


def _without_credentials(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _without_credentials(value)
        if isinstance(value, Mapping)
        else without_credentials(value)
        if isinstance(value, str)
        else value
        for key, value in tree.items()
    }


def load_settings(
    config: str | Path | Sequence[Path] | None = None,
    overrides: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Settings from YAML files, then the environment, then `key.path=value` overrides (later ones win over earlier layers).

    Raises: SettingsError: unreadable file, unknown key (with the nearest known one), value out of bounds, a key given twice.
    """
    tree: dict[str, Any] = {}
    files = [Path(config)] if isinstance(config, str | Path) else config or ()
    for file in files:
        _merge(tree, _read_yaml(file), str(file))
    _merge(tree, _from_environment(os.environ if environment is None else environment), "environment")
    _merge(tree, _from_overrides(overrides), "--set")
    return _validated(tree, ", ".join(map(str, files)) or "settings")


def _merge(tree: dict[str, Any], other: Mapping[str, Any], where: str) -> None:
    for key, value in other.items():
        if isinstance(value, Mapping) and isinstance(tree.get(key, {}), dict):
            _merge(tree.setdefault(key, {}), value, where)
        else:
            tree[key] = value


def _read_yaml(path: Path) -> Mapping[str, Any]:
    tree = read_yaml(path)
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise SettingsError(f"{path}: holds no settings tree; start with a section such as `storage:`")
    return tree


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name in sorted(environment):
        if name.startswith(ENVIRONMENT_PREFIX) and name not in NOT_SETTINGS:
            path = name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
            _put(tree, path, environment[name], f"environment variable {name}")
    return tree


def _from_overrides(overrides: Sequence[str]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    seen: dict[str, str] = {}
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals or not key:
            raise SettingsError(f"--set {override}: write it as key.path=value, for example spark.partitions=4")
        if seen.get(key, value) != value:
            raise SettingsError(f"--set {key} is given twice; give it once")
        seen[key] = value
        _put(tree, key.split("."), value, "--set")
    return tree


def _put(tree: dict[str, Any], path: Sequence[str], text: str, where: str) -> None:
    if tuple(path[:2]) == OPEN_ENDED and path[2:]:  # one name: endpoint may be set, and endpoint.region too
        path = (*OPEN_ENDED, ".".join(path[2:]))
    elif _description(path) is None:
        raise SettingsError(f"{where}: {'.'.join(path)} is no setting{_nearest('.'.join(path))}")
    for part in path[:-1]:
        tree = tree.setdefault(part, {})
    tree[path[-1]] = None if text in {"", "null"} else text


def _validated(tree: Mapping[str, Any], where: str) -> Settings:
    try:
        return Settings.model_validate(tree)
    except ValidationError as fault:
        first = fault.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise SettingsError(f"{where}: {key} is no setting{_nearest(key)}") from None
        if key in NAMES_OF_SECRETS:  # a key put there by mistake is not to be shown
            raise SettingsError(f"{where}: {key} cannot be used: it names where a key is found, and holds none") from None
        reason = first["msg"].removeprefix("Value error, ")
        if isinstance(first["input"], Mapping):
            raise SettingsError(f"{where}: {key}: {reason}") from None
        given = without_credentials(str(first["input"]))
        given = repr(given) if isinstance(first["input"], str) else given
        raise SettingsError(f"{where}: {key} = {given} cannot be used: {reason}") from None


def known_settings() -> Iterator[tuple[str, str, Any]]:
    """(key path, description, default) of every setting, in the order of the tree."""
    yield from _walk(Settings, "")


def _walk(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, Any]]:
    for name, field in model.model_fields.items():
        path = prefix + (field.alias or name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _walk(field.annotation, path + ".")
        else:
            choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
            yield path, f"{field.description or ''}{f' One of {listed(choices)}.' if choices else ''}", field.default


def _description(path: Sequence[str]) -> str | None:
    return next((text for key, text, _ in known_settings() if key == ".".join(path)), None)


def _nearest(key: str) -> str:
    known = [name for name, _, _ in known_settings()]
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else "; docs/settings.md lists them all"
