"""Pages of the web onto the shelf, when asked: fetched politely, and kept so that a rebuild needs no network.

address, sitemap -> public host (connecting), robots.txt (robots) -> page (getting) -> folder (keeping)
"""

from askoctober.fetching.getting import Getter
from askoctober.fetching.running import Fetched, Report, fetch

__all__ = ["Fetched", "Getter", "Report", "fetch"]
