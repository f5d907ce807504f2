#!/usr/bin/env bash
# Installs the server programs of MariaDB by apt or Homebrew, for the tests of `stardrop extract`. Starts nothing. Without
# them those tests are skipped, so a machine where they cannot be installed is not an error.
set -euo pipefail

say() { printf 'mariadb: %s\n' "$*"; }
have() { command -v "$1" >/dev/null 2>&1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
may_be_root() { [ "$(id -u)" = 0 ] || { have sudo && sudo -n true 2>/dev/null; }; }

for file in "$(command -v mariadbd || true)" /usr/sbin/mariadbd /usr/libexec/mariadbd; do
  if [ -x "$file" ]; then say "$file"; exit 0; fi
done
if have apt-get && may_be_root; then
  say "apt-get install mariadb-server, without starting its service"
  # A package's script asks this file before it starts a service.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod +x "$policy"
    trap 'as_root rm -f "$policy"' EXIT
  fi
  install() { as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mariadb-server >/dev/null; }
  if install || { as_root apt-get update -qq && install; }; then exit 0; fi
elif have brew; then
  say "brew install mariadb, without starting it"
  if brew install mariadb; then exit 0; fi
fi
say "not installed: the tests of stardrop extract with MySQL are skipped"
