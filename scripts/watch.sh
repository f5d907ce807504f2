#!/usr/bin/env bash
# Runs the loader as a local Lambda, with the addresses from the ready file of a running `make dev`.
set -euo pipefail
cd "$(dirname "$0")/.."
ready=${1:-.stardrop/ready.json}

if [ ! -s "$ready" ]; then
  echo "watch: no local cloud is running: start \`make dev\` in another terminal" >&2
  exit 3
fi

# The file is one flat object of strings, which sed can read.
text() { sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p" "$ready"; }

DATABASE_URL=$(text database_url)
AWS_ENDPOINT_URL_S3=$(text s3_endpoint)
AWS_ACCESS_KEY_ID=$(text access_key)
AWS_SECRET_ACCESS_KEY=$(text secret_key)
AWS_REGION=${AWS_REGION:-us-east-1}
STARDROP_DATASETS=${STARDROP_DATASETS:-$PWD/datasets}
export DATABASE_URL AWS_ENDPOINT_URL_S3 AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION STARDROP_DATASETS
unset AWS_SESSION_TOKEN AWS_PROFILE

echo "watch: the loader reads $AWS_ENDPOINT_URL_S3; send it events with \`make invoke\`, stop it with Ctrl-C"
export PATH="$PWD/.venv/bin:$PATH"
exec cargo lambda watch --bin loader
