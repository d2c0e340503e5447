# ruff: noqa: E501 - a table of code reads best with one row a line
"""A small library written for the tests, `orchard` 1.2.0, installed by hand into a made-up environment.

It has what learning needs: documented classes and functions, an enumeration, a deprecated name, and a README whose
sections each use a few APIs. No model can know it.
"""

from __future__ import annotations

from pathlib import Path

from seal_lsp.core.library import Environment, LibraryId, environment_as_dict
from seal_lsp.languages.python.support import Python

LIBRARY = LibraryId("orchard-tools", "1.2.0")

_CLASSES = {
    "Ladder": ("height: float = 3.0, folding: bool = True", ["climb(self, rungs: int = 4)", "fold(self)"]),
    "Basket": ("capacity: int = 20, label: str = 'basket'", ["put(self, weight: float)", "weigh(self)", "tip_out(self)"]),
    "Picker": ("ladder: Ladder, basket: Basket | None = None", ["pick(self, row: int, *, gently: bool = True)", "rest(self, minutes: int = 5)"]),
    "Press": ("pressure: float = 2.5, mesh: int = 12", ["squeeze(self, basket: Basket)", "rinse(self, litres: float = 10.0)"]),
    "Cellar": ("shelves: int = 6, humidity: float = 0.8", ["lay_down(self, bottles: int)", "tasting(self, *, year: int)"]),
    "Grafter": ("rootstock: str, scion: str = 'pippin'", ["cleft(self, depth: float = 1.5)", "bind(self, tape: str = 'raffia')"]),
    "Frostguard": ("threshold: float = -1.0, sprinklers: int = 8", ["arm(self)", "spray(self, seconds: int = 30)"]),
    "Beekeeper": ("hives: int = 3, smoker: bool = True", ["inspect_hive(self, number: int)", "harvest_honey(self, *, frames: int = 2)"]),
}  # fmt: skip

_README = [
    ("Picking", "from orchard import Basket, Ladder, Picker\n\npicker = Picker(ladder=Ladder(height=4.0), basket=Basket(capacity=30))\npicker.pick(3, gently=True)\npicker.rest(minutes=10)\n"),
    ("Pressing", "from orchard import Basket, Press\n\npress = Press(pressure=3.0, mesh=8)\njuice = press.squeeze(basket=Basket(label='cider'))\npress.rinse(litres=5.0)\n"),
    ("Storing", "from orchard import Cellar\n\ncellar = Cellar(shelves=4, humidity=0.7)\ncellar.lay_down(24)\ncellar.tasting(year=2021)\n"),
    ("Grafting", "from orchard import Grafter\n\ngrafter = Grafter(rootstock='quince', scion='conference')\ngrafter.cleft(depth=2.0)\ngrafter.bind(tape='wax')\n"),
    ("Frost", "from orchard import Frostguard, forecast\n\nguard = Frostguard(threshold=-2.0, sprinklers=12)\nif forecast(days=1) < -2:\n    guard.arm()\n    guard.spray(seconds=60)\n"),
    ("Bees", "from orchard import Beekeeper\n\nkeeper = Beekeeper(hives=5)\nkeeper.inspect_hive(2)\nkeeper.harvest_honey(frames=4)\n"),
    ("Ripeness", "from orchard import Ripeness, ripeness_of\n\nif ripeness_of('pippin', week=38) is Ripeness.RIPE:\n    print('pick now')\n"),
    ("Rows", "from orchard import Ladder, plant_row\n\nrow = plant_row(variety='russet', trees=12, spacing=3.5)\nladder = Ladder(folding=False)\nladder.climb(rungs=6)\n"),
    ("Weighing", "from orchard import Basket\n\nbasket = Basket(capacity=15, label='windfall')\nbasket.put(1.2)\nprint(basket.weigh())\nbasket.tip_out()\n"),
    ("Cider", "from orchard import Basket, Cellar, Press\n\npress = Press(mesh=10)\npress.squeeze(Basket())\ncellar = Cellar(humidity=0.9)\ncellar.lay_down(bottles=12)\n"),
    ("Tools", "import orchard\n\nladder = orchard.Ladder(height=2.5)\nladder.climb(rungs=3)\nladder.fold()\n"),
    ("Season", "from orchard import Frostguard, Grafter, Ripeness\n\nguard = Frostguard(sprinklers=4)\nguard.spray(seconds=15)\ngrafter = Grafter('seedling')\ngrafter.bind()\nprint(Ripeness.UNRIPE)\n"),
    ("Helpers", "from orchard import forecast, plant_row, ripeness_of\n\nprint(forecast(days=3, station='north'))\nprint(plant_row('bramley', trees=6))\nprint(ripeness_of('bramley', week=40))\n"),
    ("Honey", "from orchard import Basket, Beekeeper\n\nkeeper = Beekeeper(smoker=False)\nhoney = keeper.harvest_honey(frames=6)\nBasket(label='honey').put(honey)\n"),
]  # fmt: skip


def source() -> str:
    """The library's one module."""
    parts = [
        '"""Tools for a small orchard."""\n\nfrom __future__ import annotations\n\nimport enum\nimport warnings\n',
        'class Ripeness(enum.Enum):\n    """How ripe a fruit is."""\n\n    UNRIPE = "unripe"\n    RIPE = "ripe"\n    OVERRIPE = "overripe"\n',
    ]
    for name, (parameters, methods) in _CLASSES.items():
        fields = [p.split(":")[0].strip() for p in parameters.split(",")]
        body = [
            f"class {name}:",
            f'    """A {name.lower()} of the orchard."""',
            "",
            f"    def __init__(self, {parameters}) -> None:",
        ]
        body += [f"        self.{field} = {field}" for field in fields]
        for method in methods:
            spoken = method.partition("(")[0].replace("_", " ")
            body += [
                "",
                f"    def {method} -> float:",
                f'        """Let the {name.lower()} {spoken}."""',
                f"        return float(self.{fields[0]})",
            ]
        parts.append("\n".join(body) + "\n")
    parts += [
        'def forecast(days: int = 1, station: str = "home") -> float:\n    """Coldest temperature of the coming days."""\n    return 4.0 - days\n',
        'def plant_row(variety: str, trees: int = 10, *, spacing: float = 3.0) -> list[str]:\n    """Plant a row of trees."""\n    return [variety] * trees\n',
        'def ripeness_of(variety: str, week: int) -> Ripeness:\n    """Look a variety up in the calendar."""\n    return Ripeness.RIPE if week > 36 else Ripeness.UNRIPE\n',
        'def shake_tree(variety: str) -> None:\n    """Shake a tree.\n\n    .. deprecated:: 1.2\n        Use a Picker instead.\n    """\n    warnings.warn("use a Picker", DeprecationWarning, stacklevel=2)\n',
    ]
    return "\n\n".join(parts)


def readme() -> str:
    return "# orchard-tools\n\n" + "\n".join(f"## {title}\n\n```python\n{code}```\n" for title, code in _README)


def install(folder: Path, *, version: str = "1.2.0") -> Environment:
    """Write an environment below `folder` with orchard-tools in it, as pip would have left it."""
    site = folder / "lib" / "python3.11" / "site-packages"
    info = site / f"orchard_tools-{version}.dist-info"
    (site / "orchard").mkdir(parents=True, exist_ok=True)
    info.mkdir()
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.7\n")
    (site / "orchard" / "__init__.py").write_text(source())
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: orchard-tools\nVersion: {version}\nDescription-Content-Type: text/markdown\n\n{readme()}"
    )
    (info / "RECORD").write_text(f"orchard/__init__.py,,\n{info.name}/METADATA,,\n{info.name}/RECORD,,\n")
    return Environment(folder, None, (site,), "3.11", "setting")


def job(environment: Environment, *, cycle: str = "c1", model: str = "", overrides: dict | None = None) -> dict:
    """job.json of a cycle that learns the library."""
    return {
        "cycle": cycle,
        "library": {"name": LIBRARY.name, "version": LIBRARY.version},
        "environment": environment_as_dict(environment),
        "roots": [],
        "reason": "test",
        "model": model,
        "overrides": overrides or {},
    }


def surface_of(environment: Environment):
    """(surface, the installed library) read statically."""
    language = Python()
    library = next(lib for lib in language.installed(environment) if lib.id.name == LIBRARY.name)
    return language.surface(library, environment), library
