"""`python -m askoctober`: the command line."""

import sys

from askoctober.cli import main

sys.exit(main())
