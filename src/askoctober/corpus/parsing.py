"""Run one reader over one file, and let no error of a library through as anything but a reason."""

from __future__ import annotations

from collections.abc import Iterator

from askoctober.corpus.documents import Document, Failure, Source
from askoctober.corpus.formats import identify, load_reader
from askoctober.errors import CorpusError

INSTALL = 'pip install "askoctober[formats]"'
LARGEST_ARTICLE = 20_000_000
"""Characters; whatever it was unpacked from, more is no article, and would fill the memory of those who come after."""
LONGEST_REASON = 200
"""Characters of another's error message."""


def read_any(source: Source) -> Iterator[Document | Failure]:
    """Yield what any file holds, by the reader for what it is; for the children of `isolation` and for archives.

    Raises:
        CorpusError: the file as a whole fails, for whatever cause.
    """
    known = identify(source)
    yield from parse(source, known.reader, known.name)


def parse(source: Source, reader: str, name: str) -> Iterator[Document | Failure]:
    """Yield what the reader, the module of that name, finds in a file that is called `name` in words.

    Raises:
        CorpusError: the file as a whole fails, for whatever cause.
    """
    try:
        for item in load_reader(reader)(source):
            if isinstance(item, Document) and len(item.text) > LARGEST_ARTICLE:
                item = Failure(item.part, f"is longer than {LARGEST_ARTICLE:,} characters; split it into its articles.")
            yield item
    except CorpusError:
        raise
    except ModuleNotFoundError as error:
        raise CorpusError(f"is {name}, for which {error.name} is not installed; {INSTALL}") from error
    except MemoryError as error:
        raise CorpusError("needs more memory to read than it may take; split it, or remove it.") from error
    except Exception as error:
        why = " ".join(str(error).split())[:LONGEST_REASON]
        why = type(error).__name__ + (f": {why}" if why else "")
        raise CorpusError(f"cannot be read as {name} ({why}); save it again from its program, or remove it.") from error
