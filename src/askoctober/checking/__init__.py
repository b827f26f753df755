"""Whether the installation and the index are whole, what it means where they are not, and what mends it.

    installation   Python, packages, models, disk, memory
    folder         what lies in the folder of an index
    examining      its manifest and sums                       segments   what stands in its files
    fitting        how it goes with settings and corpus        shelves    the same of a shelf in Milvus
    mending        left-overs removed, damaged parts made anew

Checking changes nothing; only `mend` does.
"""

from askoctober.checking.examining import check_index
from askoctober.checking.findings import Finding
from askoctober.checking.installation import check_installation
from askoctober.checking.mending import mend, mend_own, needs_rebuild
from askoctober.checking.shelves import check_shelf

__all__ = ["Finding", "check_index", "check_installation", "check_shelf", "mend", "mend_own", "needs_rebuild"]
