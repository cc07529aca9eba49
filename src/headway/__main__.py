"""`python -m headway`."""

import sys

from headway.cli.entry import main

sys.exit(main())
