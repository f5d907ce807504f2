#!/bin/sh
# Checks that Rust is installed and new enough, and adds rustfmt and clippy if they are missing.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'rust: %s\n' "$*"; }
die() { printf 'rust: %s\n' "$*" >&2; exit 3; }

needed=$(sed -n 's/^rust-version *= *"\([0-9.]*\)".*/\1/p' Cargo.toml)
command -v cargo >/dev/null 2>&1 || die "cargo is missing: install Rust $needed or newer with rustup"
found=$(rustc --version | sed 's/^rustc \([0-9.]*\).*/\1/')

if [ "$(printf '%s\n%s\n' "$needed" "$found" | sort -t. -k1,1n -k2,2n | head -n 1)" != "$needed" ]; then
  die "rustc $found is older than $needed: run \`rustup update stable\`, or install a newer Rust"
fi
command -v cc >/dev/null 2>&1 ||
  die "no C compiler (cc): run \`apt-get install build-essential\`, or \`xcode-select --install\`"

for component in rustfmt clippy; do
  case $component in rustfmt) cargo fmt --version ;; clippy) cargo clippy --version ;; esac >/dev/null 2>&1 &&
    continue
  command -v rustup >/dev/null 2>&1 ||
    die "$component is missing, and so is rustup to add it: install it where this Rust came from"
  say "rustup component add $component"
  rustup component add "$component"
done
say "rustc $found with rustfmt and clippy"
