#!/bin/bash
# get_jupyterlab.sh DEST: JupyterLab with jupyterlab-lsp, in an environment of its own. No Node: both come built.
set -eu
dest=$(mkdir -p "$1" && cd "$1" && pwd)
python=${PYTHON:-python3}

"$python" -m venv "$dest/venv"
"$dest/venv/bin/python" -m pip install -q --disable-pip-version-check --no-compile \
  "jupyterlab${JUPYTERLAB_VERSION:->=4.4,<5}" "jupyterlab-lsp${JUPYTERLAB_LSP_VERSION:->=5.2,<6}"
"$dest/venv/bin/jupyter" lab --version > "$dest/complete"
