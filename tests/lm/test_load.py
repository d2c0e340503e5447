"""What of the machine decides how a model is loaded."""

import os
import subprocess
import sys


def test_a_cpu_that_is_told_to_have_less_has_less():
    code = "from seal_lsp.lm.load import _multiplies_bfloat16 as asked; print(asked())"
    capped = {**os.environ, "ATEN_CPU_CAPABILITY": "avx2"}
    said = subprocess.run([sys.executable, "-c", code], env=capped, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
