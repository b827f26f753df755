"""Whether an index still is what its corpus and its settings would give."""

from __future__ import annotations

from askoctober import corpus
from askoctober.building.states import States
from askoctober.building.updating import chunking_of, model_name
from askoctober.config import Config
from askoctober.corpus import Corpus
from askoctober.errors import CorpusError, IndexFolderError
from askoctober.index import read_manifest
from askoctober.index.format import manifest_digest


def freshness(config: Config) -> str:
    """Return "" if the index matches the corpus, the embedder and the settings, else why not. Loads no model.

    The corpus is compared where `config.corpus` has the name of the folder that the index was built from.
    """
    try:
        manifest = read_manifest(config.index)
    except IndexFolderError as error:
        return str(error)
    if manifest.get("embedder", {}).get("name") != model_name(config.embedder):
        return f"it was embedded with {manifest.get('embedder', {}).get('name')}, the setting is {config.embedder}"
    if manifest.get("chunking") != chunking_of(config):
        return "its articles were chunked in another way"
    if manifest.get("corpus") != config.corpus.name or not config.corpus.is_dir():
        return ""  # a shelf of its own, whose folder is not at hand to be compared
    shelf = Corpus(config.corpus)
    states = States(config.index, manifest_digest(manifest))
    for entry in shelf.entries:
        try:
            states.of(shelf, entry)
        except CorpusError:
            continue  # it is no part of the index either
    if manifest.get("corpus_fingerprint") != corpus.combine(states.items()):
        return f"articles in {config.corpus} have changed since it was built"
    return ""
