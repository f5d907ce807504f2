# Functions for scripts/demo.sh and the run.sh of each example: a local cloud in a temporary folder, and waiting for it.
# They source this file in the project's folder.
#
#   STARDROP   the program; run.sh builds it if this is not set
#   WAIT       for how many seconds to wait for anything
#   KEEP=1     keeps the temporary folder

timeout=${WAIT:-120}
title=$(basename "$0" .sh)
stardrop=${STARDROP:-}
work=
ready=
log=
cloud=
began=$(date +%s)

# --- output --------------------------------------------------------------------------------------

heading() { printf '\n== %s\n' "$*"; }
indent() { sed 's/^/   /'; }
fail() { printf '%s: %s\n' "$title" "$*" >&2; exit 3; }

# --- starting and stopping -----------------------------------------------------------------------

running() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; }

stop() { # PID: sends SIGTERM, and after ten seconds SIGKILL to its process group
  running "$1" || return 0
  kill -TERM "$1" 2>/dev/null || true
  for _ in $(seq 100); do
    running "$1" || return 0
    sleep 0.1
  done
  kill -KILL -- "-$1" 2>/dev/null || kill -KILL "$1" 2>/dev/null || true
}

finish() {
  local code=$?
  trap - EXIT INT TERM HUP
  if [ "$code" != 0 ] && [ -s "$log" ]; then
    printf '\nThe last lines of the local cloud:\n' >&2
    tail -n 20 "$log" | sed 's/^/  /' >&2
  fi
  stop "$cloud"
  # If the local cloud crashed, its Postgres may still run: find it by its pid file.
  local pid_file
  while IFS= read -r pid_file; do
    stop "$(head -n 1 "$pid_file")"
  done < <(find "$work" -name postmaster.pid 2>/dev/null)
  if [ -n "${KEEP:-}" ]; then echo "kept: $work"; else rm -rf "$work"; fi
  exit "$code"
}

start_cloud() { # OPTIONS: starts `stardrop dev` with these, and exports how to reach it
  [ -x "$stardrop" ] || fail "no $stardrop: run \`make build\` first"
  work=$(mktemp -d "${TMPDIR:-/tmp}/stardrop-$title.XXXXXX")
  ready=$work/ready.json
  log=$work/dev.log
  trap finish EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  if [ "$(id -u)" = 0 ]; then chmod 711 "$work"; fi # so that the user that runs root's Postgres can enter
  set -m # a separate process group: Ctrl-C signals only this script, which then stops the group
  "$stardrop" dev --dir "$work" --port-file "$ready" "$@" > "$log" 2>&1 < /dev/null &
  cloud=$!
  set +m
  wait_for "the local cloud" test -s "$ready"
  DATABASE_URL=$(ready_text database_url)
  AWS_ENDPOINT_URL_S3=$(ready_text s3_endpoint)
  AWS_ACCESS_KEY_ID=$(ready_text access_key)
  AWS_SECRET_ACCESS_KEY=$(ready_text secret_key)
  export DATABASE_URL AWS_ENDPOINT_URL_S3 AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
  export AWS_REGION="${AWS_REGION:-us-east-1}"
  unset AWS_SESSION_TOKEN AWS_PROFILE
}

# ready.json is one flat object of strings.
ready_text() { sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p" "$ready"; }

# --- waiting -------------------------------------------------------------------------------------

wait_for() { # WHAT COMMAND...: until the command succeeds, the cloud exits or the time is over
  local what=$1 until=$(($(date +%s) + timeout))
  shift
  until "$@"; do
    running "$cloud" || fail "the local cloud stopped while waiting for $what"
    [ "$(date +%s)" -lt "$until" ] || fail "no $what after $timeout s; see the log below"
    sleep 0.2
  done
}

# `status --json` is an array of objects whose keys are the ledger's columns.
count_state() { grep -o "\"state\" *: *\"$1\"" "$work/status.json" | wc -l | tr -d ' '; }
sum_column() {
  grep -o "\"$1\" *: *[0-9]*" "$work/status.json" | awk -F: '{ sum += $2 } END { print sum + 0 }'
}

loads_finished() { # N: at least N loads, none of them still loading
  "$stardrop" status --json > "$work/status.json" || return 1
  local all loading
  all=$(count_state '[a-z]*')
  loading=$(count_state loading)
  [ "$all" -ge "$1" ] && [ "$loading" = 0 ]
}

# --- queries -------------------------------------------------------------------------------------

find_psql() {
  psql=${PG_BIN:+$PG_BIN/psql}
  if [ ! -x "$psql" ]; then psql=$(command -v psql || true); fi
  [ -n "$psql" ] && "$psql" --version > "$work/psql.log" 2>&1
}

sql() { "$psql" --no-psqlrc --quiet --pset footer=off --dbname "$DATABASE_URL" --command "$1" | sed '/^$/d' | indent; }

# --- examples ------------------------------------------------------------------------------------

start_example() { # NAME OPTIONS: builds what is missing, and starts a local cloud that uploads the example's first files
  title=$1
  if [ -z "$stardrop" ]; then
    make --no-print-directory build setup-postgres setup-mariadb >&2
    stardrop=$(bash scripts/target-folder.sh)/debug/stardrop
    PG_BIN=$(cat .tools/pg-bin)
    export PG_BIN
  fi
  export STARDROP_DATASETS=$PWD/examples/$1/datasets
  files=examples/$1/files
  heading "A local cloud with the contracts of examples/$1, and its first files"
  start_cloud --example "$@"
  inbox=$(ready_text inbox)
  find_psql || echo "   psql is not installed, so the queries are skipped: the star is in the schema \"star\""
}

drop() { # FOLDER: copies the files below it into the bucket
  (cd "$1" && find . -type f | sort | sed 's|^\./|   upload |')
  cp -R "$1/." "$inbox"
}

loads() { # N: waits for the first N loads, and prints those that were not printed before
  wait_for "load $1" loads_finished "$1"
  "$stardrop" status | awk -v printed="${printed:-0}" '$1 ~ /^[0-9]+$/ && $1 > printed {
      sub(/^(s3:\/\/[^\/]*|.*\/files\/[^\/]*)\//, "", $10)
      for (field = 11; field <= NF; field++) $10 = $10 " " $field # the part of the object, in parentheses
      printf "%s %s: %s rows, %s rejected, %s inserted, %s updated, %s unchanged\n", $3, $10, $4, $5, $6, $7, $8
    }' | sort | indent
  printed=$1
}

skipped() { # N: N uploads were skipped because their content is loaded already
  [ "$(grep -c 'skipped, already loaded' "$log")" -ge "$1" ]
}

ask() { # QUESTION SQL: prints the question and the rows
  printf '   %s\n' "$1"
  if [ -x "$psql" ]; then sql "$2"; fi
}
