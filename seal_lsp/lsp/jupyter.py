"""What jupyter-lsp is told of this server: an entry point, so that seal-lsp in Jupyter's own environment is found.

Runs in Jupyter's process, so it imports nothing of ours and nothing of Jupyter's.
"""

from __future__ import annotations

import sys
from typing import Any


def spec(manager: object) -> dict[str, dict[str, Any]]:
    """`jupyter_lsp_spec_v1`: server specifications by name. -P keeps modules of Jupyter's working folder out."""
    return {
        "seal-lsp": {
            "version": 2,
            "display_name": "seal-lsp",
            "argv": [sys.executable, "-P", "-m", "seal_lsp.cli.entry"],
            "languages": ["python"],
            "mime_types": ["text/x-python", "text/x-ipython"],
            "requires_documents_on_disk": False,  # else a notebook is said to lie in .virtual_documents
        }
    }
