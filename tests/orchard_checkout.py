"""The source of orchard-tools as its authors have it: tests, examples and docs beside the package."""

from __future__ import annotations

import tarfile
from pathlib import Path

TEST_CIDER = """\
from orchard import Basket, Cellar, Press


def test_cider_is_laid_down():
    press = Press(pressure=4.5, mesh=9)
    juice = press.squeeze(basket=Basket(capacity=7, label="russets from the north"))
    cellar = Cellar(shelves=3)
    cellar.lay_down(bottles=int(juice))
    assert cellar.tasting(year=1987) > 0
"""
EXAMPLE = """\
import orchard

keeper = orchard.Beekeeper(hives=9, smoker=False)
for number in range(9):
    keeper.inspect_hive(number)
unknown.harvest_honey(frames=1)
print(orchard.not_there)
"""
GUIDE = """\
# Guide

```python
from orchard import Grafter

Grafter("myrobalan", scion="victoria").bind(tape="paper")
```

```sh
orchard --help
```

```python
from orchard import Frostguard
Frostguard(threshold=-4.0).spray(seconds=5)
```
"""
FILES = {
    "tests/test_cider.py": TEST_CIDER,
    "examples/bees.py": EXAMPLE,
    "docs/guide.md": GUIDE,
    "docs/broken.py": "from orchard import (\n",
    "src/orchard/__init__.py": "from orchard import Ladder\nLadder(height=9.25).climb(rungs=1234)\n",
    "tests/data.bin": "\x00\x01",
    "setup.py": "from orchard import Ladder\n",
    "README.md": "```python\nfrom orchard import forecast\nforecast(days=17)\n```\n",
}


def write_checkout(root: Path) -> Path:
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def write_sdist(archive: Path, source: Path, name: str = "orchard_tools-1.2.0") -> Path:
    """An archive of the folder `source` under `name`, as `build` would leave it."""
    with tarfile.open(archive, "w:gz") as file:
        file.add(source, arcname=name)
    return archive
