"""What a build adds to the metadata: the address of the project, and a README with absolute links.

The environment variable PROJECT_ADDRESS is the address, such as https://github.com/OWNER/NAME.  The
release workflow sets it.  Without it, the metadata has no addresses and the README is left as it is.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

VARIABLE = "PROJECT_ADDRESS"
RELATIVE_LINK = re.compile(r"\]\((?!https?:|#)([^)\s]+)\)")


class AddressHook(MetadataHookInterface):
    """Called by hatchling for each build."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the fields that ``pyproject.toml`` calls dynamic."""
        address = os.environ.get(VARIABLE, "").rstrip("/")
        if address and not re.fullmatch(r"https://[\w.-]+(/[\w.-]+)+", address):
            raise ValueError(
                f"{VARIABLE} is {address!r}, which is no address such as https://HOST/OWNER/NAME"
            )
        readme = Path(self.root, "README.md").read_text(encoding="utf-8")
        if address:
            files = f"{address}/blob/v{metadata['version']}"
            readme = RELATIVE_LINK.sub(rf"]({files}/\1)", readme)
            readme = readme.replace("<URL of this repository>", address)
        metadata["readme"] = {"content-type": "text/markdown", "text": readme}
        metadata["urls"] = _urls(address) if address else {}


def _urls(address: str) -> dict[str, str]:
    return {
        "Homepage": address,
        "Documentation": f"{address}/tree/main/docs",
        "Changelog": f"{address}/blob/main/CHANGELOG.md",
        "Issues": f"{address}/issues",
    }
