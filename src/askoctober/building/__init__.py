"""From a folder of articles to an index: reads, chunks, embeds what is new or changed, writes.

    folder -> articles (corpus) -> chunks and sentences (chunking) -> entries (embedding) -> index

`build` makes the index of a folder; `extend` makes one that can be joined to another; `watch` tells what changes.
"""

from askoctober.building.entries import Progress
from askoctober.building.freshness import compare, freshness, published
from askoctober.building.updating import OWN, Report, build, extend
from askoctober.building.watching import watch

__all__ = ["OWN", "Progress", "Report", "build", "compare", "extend", "freshness", "published", "watch"]
