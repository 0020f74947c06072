"""What flake8's configuration file says of this plugin's options: it takes any name and any value.

On the command line argparse refuses what makes no sense; in a file flake8 passes over it.
"""

from __future__ import annotations

import argparse
import difflib
import os
from collections.abc import Collection, Mapping
from typing import Final

from flake8.options.config import load_config

_PREFIX: Final = "afa-"
_PATHS: Final = ("afa_root", "afa_cache_dir")


def check_configuration(options: argparse.Namespace, choices: Mapping[str, Collection[str] | None]) -> None:
    """Check what the configuration file says, and resolve its paths, in place: they are relative to the file.

    ``choices`` has all options by name, as ``afa-advice``, with the values that they take if those are few.
    Raises ValueError for an option that does not exist, and for a value that it does not take.
    """
    file, folder = load_config(options.config, options.append_config, isolated=options.isolated)
    section = dict(file["flake8"]) if "flake8" in file else {}
    for written, value in section.items():
        name = written.replace("_", "-")
        if not name.startswith(_PREFIX):
            continue
        if name not in choices:
            close = difflib.get_close_matches(name, choices, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise ValueError(f"the configuration sets {written}, which is no option{hint}")
        allowed = choices[name]
        if allowed is not None and value.strip() not in allowed:
            raise ValueError(f"the configuration sets {written} = {value}: it is one of {', '.join(allowed)}")
        dest = name.replace("-", "_")
        given = getattr(options, dest)
        if dest in _PATHS and given == value.strip() and given not in ("", "off"):
            # flake8 resolves a path only if there is a separator in it
            setattr(options, dest, os.path.join(folder, os.path.expanduser(given)))
