#!/bin/bash
# get_emacs.sh DEST: Emacs 30 from Debian 12's backports, lsp-mode 10 and package-lint from Debian testing, unpacked below
# DEST without touching what is installed on this machine, and without being root. DEST/emacs and DEST/emacsclient start
# it; DEST/elpa holds the packages, as an Emacs that is told of it by `package-directory-list` finds them.
set -eu
dest=$(mkdir -p "$1" && cd "$1" && pwd)
. "$(dirname "$0")/debian.sh"

# libc is the machine's own: its loader fits no other.
unpack root '^(emacs|lib[^c]|libc[^6])' bookworm bookworm-backports -- emacs-nox
unpack testing '^elpa-' forky -- elpa-lsp-mode elpa-package-lint
ln -sfn testing/usr/share/emacs/site-lisp/elpa-src "$dest/elpa"

# A native compilation starts the binary without its loader.
mkdir -p "$dest/site"
echo '(setq native-comp-jit-compilation nil native-comp-enable-subr-trampolines nil)' > "$dest/site/site-start.el"

# wrapper NAME PROGRAM ARGUMENTS: through the machine's loader, so that what Emacs starts does not inherit the libraries
loader=$(ls /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-aarch64.so.1 2>/dev/null | head -1)
libexec=$(echo "$dest"/root/usr/libexec/emacs/*/*/)
share=$(echo "$dest"/root/usr/share/emacs/[0-9]*)
libraries=$(echo "$dest"/root/usr/lib/*-linux-gnu)
wrapper() {
  cat > "$dest/$1" <<W
#!/bin/sh
export EMACSLOADPATH=$dest/site:$share/lisp EMACSDATA=$share/etc EMACSDOC=$share/etc EMACSPATH=$libexec
exec $loader --library-path $libraries --argv0 $dest/root/usr/bin/${2%% *} $dest/root/usr/bin/$2 "\$@"
W
  chmod +x "$dest/$1"
}
wrapper emacs "emacs-nox --dump-file $(echo "$libexec"emacs-*.pdmp)"
wrapper emacsclient emacsclient.emacs

# Debian compiles packages when it installs them.
cd "$dest/elpa"
"$dest/emacs" --batch -q $(printf -- '-L %s ' */) -f batch-byte-compile */{dash,f,ht,lv,s,spinner}.el markdown-mode*/*.el \
  lsp-mode*/lsp-{protocol,mode,completion,inline-completion,modeline,headerline,lens,icons,diagnostics}.el > "$dest/compiled.log" 2>&1
touch "$dest/complete"
