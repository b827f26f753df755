"""The one tree of errors; every message ends with what to do next.

AskoctoberError
+-- ConfigError        a setting or a value that is not known
+-- CorpusError        a folder or file of articles that cannot be read
+-- IndexFolderError   an index that is missing, stale, damaged, or made by something else
+-- ModelError         weights that cannot be fetched, verified or loaded
+-- GenerationError    the language model failed while it was writing
+-- QuestionError      a question that cannot be asked
+-- KeepingError       a kept conversation that cannot be opened
"""


class AskoctoberError(Exception):
    """Base of all errors that askoctober raises on purpose."""


class ConfigError(AskoctoberError):
    """A setting or a value that is not known."""


class CorpusError(AskoctoberError):
    """A folder or file of articles that cannot be read."""


class IndexFolderError(AskoctoberError):
    """An index that is missing, stale, damaged, or made by something else."""


class ModelError(AskoctoberError):
    """Weights that cannot be fetched, verified or loaded."""


class GenerationError(AskoctoberError):
    """The language model failed while it was writing."""


class QuestionError(AskoctoberError):
    """A question that cannot be asked: empty, too long, or not text."""


class KeepingError(AskoctoberError):
    """A kept conversation that cannot be opened."""
