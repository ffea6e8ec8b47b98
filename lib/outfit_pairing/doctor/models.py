"""The text model, and the language model where settings ask for one. Nothing is downloaded, nothing is asked or paid."""

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from outfit_pairing.credentials import without_credentials
from outfit_pairing.doctor.finding import Finding, fault, ok, said, warning
from outfit_pairing.doctor.machine import Machine
from outfit_pairing.embedding.encoders import HASHING
from outfit_pairing.embedding.models import HOW_TO_MEND, model_here
from outfit_pairing.errors import InputError
from outfit_pairing.patterns.asking.keys import key_from
from outfit_pairing.patterns.asking.openai_chat import OPENAI
from outfit_pairing.settings import Settings

WEIGHTS = "model.safetensors"
LENGTH_BYTES = 8  # a safetensors file starts with the length of its header


def text_model(settings: Settings, machine: Machine, here: Callable[[str], Path | None] = model_here) -> Finding:
    """The text model's files are here and whole; --deep loads them."""
    model = settings.embedding.model
    if model == HASHING:
        return ok("text model", "hashing needs none")
    try:
        folder = here(model)
    except InputError as error:
        return fault("text model", said(error)[0].removeprefix("embedding.model: "), HOW_TO_MEND)
    if folder is None:
        return _not_here(model, machine)
    torn = _torn(folder)
    if torn:
        return fault("text model", f"{folder / WEIGHTS} {torn}", f"fetch the model again, or {HOW_TO_MEND}")
    return ok("text model", f"{model} in {folder}")


def _not_here(model: str, machine: Machine) -> Finding:
    if find_spec("huggingface_hub") is None:
        return fault("text model", f"{model} is not here, and nothing that could fetch it", HOW_TO_MEND)
    from huggingface_hub import constants

    offline = machine.environment.get("HF_HUB_OFFLINE", "0").lower() in {"1", "true", "yes", "on"}
    reason = "HF_HUB_OFFLINE is set" if offline else machine.reach(constants.ENDPOINT)
    if reason:
        return fault("text model", f"{model} is not here, and the hub cannot be reached ({reason})", HOW_TO_MEND)
    return warning("text model", f"{model} is not here yet; the first run fetches it", HOW_TO_MEND)


def _torn(folder: Path) -> str | None:
    """What is wrong with the weights, as far as their header tells."""
    weights = folder / WEIGHTS
    if not weights.is_file():  # other kinds of files than ours are known to sentence-transformers
        return None
    try:
        with weights.open("rb") as file:
            length = int.from_bytes(file.read(LENGTH_BYTES), "little")
            if length > weights.stat().st_size:
                return "is no file of weights"
            tensors = json.loads(file.read(length))
        end = max(one["data_offsets"][1] for name, one in tensors.items() if name != "__metadata__")
    except (OSError, ValueError, KeyError, TypeError):
        return "cannot be read"
    missing = LENGTH_BYTES + length + end - weights.stat().st_size
    return f"lacks its last {missing:,} bytes" if missing > 0 else None


def language_model(settings: Settings, machine: Machine, check_model: Callable[[Settings], None]) -> Finding:
    """What `generate-patterns` would check before it asks, and whether the server can be reached; no request is made.

    Args:    check_model: raises InputError where settings, key or package are wrong.
    """
    check, provider, llm = "language model", settings.patterns.provider, settings.llm
    if provider == "style_guide":
        return ok(check, "none is asked (patterns.provider is style_guide)")
    try:
        check_model(settings)
    except InputError as error:
        found, cure = said(error)
        return fault(check, found, cure or "correct the section llm of the settings")
    if provider == "ai_query":
        shown = f"ai_query asks {llm.model}"
        if machine.is_platform:
            return ok(check, shown)
        return fault(check, f"{shown}, which only Databricks can", "set patterns.provider=openai, or run it on Databricks")
    address = llm.base_url or OPENAI
    reason = machine.reach(address)
    if reason:
        return fault(
            check, f"{without_credentials(address)} cannot be reached ({reason})", "start the server, or correct llm.base_url"
        )
    has_key = llm.api_key_secret or machine.environment.get(llm.api_key_env)
    key = f"key from {key_from(llm)}" if has_key else f"no key, since {llm.api_key_env} is not set"
    return ok(check, f"{llm.model} at {without_credentials(address)}, where something listens; {key}")
