#!/bin/bash
# get_helix.sh DEST: DEST/hx. Helix from Debian testing with the libraries that it needs, unpacked below DEST without
# touching what is installed on this machine; patchelf makes it name its own loader and libraries.
set -eu
dest=$(mkdir -p "$1" && cd "$1" && pwd)
[ "$(uname -m)" = x86_64 ] || { echo "Helix is unpacked for x86_64 only" >&2; exit 1; }
. "$(dirname "$0")/debian.sh"
unpack root '' "${HELIX_DEBIAN_SUITE:-forky}" -- hx
own_loader "$dest/root/usr/lib/hx/hx"
cat > "$dest/hx" <<'N'
#!/bin/sh
root=$(cd "$(dirname "$(readlink -f "$0")")"/root && pwd)
export HELIX_RUNTIME="$root/usr/lib/hx/runtime"
exec "$root/usr/lib/hx/hx" "$@"
N
chmod +x "$dest/hx"
"$dest/hx" --version > "$dest/complete"
