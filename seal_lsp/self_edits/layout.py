"""Put code together as people lay it out: import blocks, a function around free variables, variable names."""

from __future__ import annotations

import keyword
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

HEADERS = (
    "", "", "", "import asyncio\n", "import logging\n", "import os\nimport sys\n", "from typing import Any\n",
    "from __future__ import annotations\n", "from pathlib import Path\nfrom typing import Any\n", "import time\n",
    "from collections.abc import Callable\nfrom typing import Any\n", "import json\nimport re\n",
    "import json\nfrom dataclasses import dataclass\n", "import pytest\n",
    "from typing import Any, cast\n\nimport pytest\n",
)  # fmt: skip


def import_block(paths: Iterable[str]) -> str:
    """`from module import A, b` lines for dotted paths, sorted as isort does, wrapped when long."""
    by_module: dict[str, set[str]] = defaultdict(set)
    plain: set[str] = set()
    for path in paths:
        module, _, name = path.rpartition(".")
        if module:
            by_module[module].add(name)
        else:
            plain.add(path)
    lines = [f"import {name}" for name in sorted(plain)]
    lines += [from_import(module, names) for module, names in sorted(by_module.items())]
    return "\n".join(lines) + "\n"


def from_import(module: str, names: Iterable[str]) -> str:
    ordered = sorted(names, key=_isort_key)
    line = f"from {module} import {', '.join(ordered)}"
    if len(line) <= 79:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in ordered) + ")"


def _isort_key(name: str) -> tuple[int, str, str]:
    """Constants, then classes, then the rest, each by its lower-case letters: isort's default, and ruff's."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2, name.lower(), name)


def variable_for(name: str) -> str:
    """`RateLimiter` -> `rate_limiter`."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower().strip("_")
    return f"{snake}_" if snake == name or keyword.iskeyword(snake) else snake


def body(statements: Sequence[str], free: Sequence[str], rng: random.Random, *, is_async: bool = False) -> str:
    """Statements at module level, or inside a function that takes what they leave unbound."""
    free = [name for name in dict.fromkeys(free) if name.isidentifier()]
    if not free and not is_async:
        return "\n".join(statements) + "\n"
    name = rng.choice(("main", "build", "setup", "run", "example", "test_example"))
    head = f"{'async ' if is_async else ''}def {name}({', '.join(free)}):\n"
    return head + indent("\n".join(statements)) + "\n"


def indent(text: str) -> str:
    return "\n".join(f"    {line}" if line else line for line in text.split("\n"))
