"""The cheap look at an environment: which metadata folders stand there, so that a dear look can be spared."""

from __future__ import annotations

import os

from seal_lsp.core.library import Environment

METADATA = (".dist-info", ".egg-info", ".egg-link", ".pth")


def listing(environment: Environment) -> frozenset[tuple[str, int]]:
    """(path, time in ns) of everything that tells what is installed."""
    found: set[tuple[str, int]] = set()
    for folder in environment.site_packages:
        try:
            with os.scandir(folder) as entries:
                found |= {(entry.path, entry.stat().st_mtime_ns) for entry in entries if entry.name.endswith(METADATA)}
        except OSError:
            continue  # the folder, or an entry, has just gone; the next look sees what is left
    return frozenset(found)
