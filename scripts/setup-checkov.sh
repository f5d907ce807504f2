#!/usr/bin/env bash
# Installs checkov into .venv, if it is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
checkov=3.3.30

say() { printf 'checkov: %s\n' "$*"; }
die() { printf 'checkov: %s\n' "$*" >&2; exit 3; }

if [ "$(.venv/checkov/bin/checkov --version 2>/dev/null)" = "$checkov" ]; then
  say "$checkov in .venv"
  exit 0
fi
command -v python3 >/dev/null 2>&1 || die "python3 is missing"
# A separate environment: its many dependencies must not conflict with those of the other tools.
python3 -m venv --clear .venv/checkov || die "python3 has no venv: install python3-venv"
say "pip install checkov==$checkov into .venv/checkov (once)"
PIP_ROOT_USER_ACTION=ignore .venv/checkov/bin/python -m pip install --quiet --disable-pip-version-check "checkov==$checkov"
say "$(.venv/checkov/bin/checkov --version) in .venv"
