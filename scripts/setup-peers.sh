#!/usr/bin/env bash
# Installs the tools that `make bench PEERS=1` compares with, if they are missing: into .venv/peers, and pgloader by
# apt or Homebrew. Without pgloader it is left out of the comparison.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted=benches/peers/requirements.txt

say() { printf 'peers: %s\n' "$*"; }
die() { printf 'peers: %s\n' "$*" >&2; exit 3; }
have() { command -v "$1" >/dev/null 2>&1; }

if ! cmp -s "$wanted" .venv/peers/installed.txt; then
  have python3 || die "python3 is missing"
  python3 -m venv --clear .venv/peers || die "python3 has no venv: install python3-venv"
  say "pip install -r $wanted into .venv/peers (once)"
  PIP_ROOT_USER_ACTION=ignore .venv/peers/bin/python -m pip install --quiet --disable-pip-version-check -r "$wanted"
  cp "$wanted" .venv/peers/installed.txt
fi
if have pgloader; then
  say "pgloader $(pgloader --version | sed -n '1s/.*"\(.*\)".*/\1/p')"
elif have apt-get && [ "$(id -u)" = 0 ]; then
  say "apt-get install pgloader"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends pgloader >/dev/null || say "pgloader is left out"
elif have brew; then
  say "brew install pgloader"
  brew install pgloader || say "pgloader is left out"
else
  say "pgloader is left out: install it to compare with it"
fi
