"""The real daemon with rules for a model: `python engine_process.py`, folders from SEAL_HOME."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from rule_model import BASE, RuleModel

from seal_lsp.engine.daemon import serve
from seal_lsp.engine.engine import Engine
from seal_lsp.engine.model_host import ModelSource
from seal_lsp.store.paths import Paths

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    paths = Paths.default()
    model = RuleModel()
    if "--hold" in sys.argv:
        model.gate.clear()
    learner = (sys.executable, "-S", str(Path(__file__).with_name("fake_learner.py")))

    def make_engine() -> Engine:
        return Engine(paths, lambda: ModelSource("rules", "rules", BASE, lambda: model), learner_command=learner)

    sys.exit(serve(paths, make_engine, idle_exit_s=60.0))
