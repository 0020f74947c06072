"""The helpers beside this file are shared by several test modules."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
