"""Files to articles: find them, decode them, read what is known of them, and blank what is not theirs.

    folder -> files (finding) -> characters (encoding) -> front matter (markdown), furniture -> Article (reading)

A position in `Article.text` is a position in the decoded file: what does not belong to the article is replaced by
spaces, never cut out, so that a citation can be checked in the file itself with any editor.
"""

from askoctober.corpus.furniture import blank_furniture
from askoctober.corpus.reading import Failure, Reading, fingerprint, read_corpus

__all__ = ["Failure", "Reading", "blank_furniture", "fingerprint", "read_corpus"]
