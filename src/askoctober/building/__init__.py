"""From a folder of articles to an index: reads, chunks, embeds what is new or changed, writes.

    folder -> articles (corpus) -> chunks and sentences (chunking) -> entries (embedding) -> index

`build` makes the index of a folder; `extend` makes one that holds another index and some articles more.
"""

from askoctober.building.entries import Progress
from askoctober.building.updating import OWN, Report, build, extend, freshness

__all__ = ["OWN", "Progress", "Report", "build", "extend", "freshness"]
