"""Files to articles: find them, recognise and read them, and keep what is known of them.

    folder -> files (finding) -> format (formats) -> reader (readers, in a process of its own: isolation)
           -> Document -> Article (reading) -> Corpus (shelf)

In Markdown and plain text a position in `Article.text` is a position in the decoded file: what does not belong to the
article is replaced by spaces, never cut out, so that a citation can be checked in the file itself with any editor. In
the other formats it is a position in the text that the reader took from the file.
"""

from askoctober.corpus.documents import Failure
from askoctober.corpus.finding import Found
from askoctober.corpus.furniture import blank_furniture
from askoctober.corpus.shelf import Corpus, Reading, combine, fingerprint, read_corpus

__all__ = ["Corpus", "Failure", "Found", "Reading", "blank_furniture", "combine", "fingerprint", "read_corpus"]
