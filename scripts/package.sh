#!/usr/bin/env bash
# Builds what is deployed on Lambda, in target/lambda:
#
#   loader/bootstrap.zip         the loader for arm64, which infra/ deploys
#   loader-x86_64/bootstrap.zip  the loader for x86_64
#   layer.zip                    the datasets (of DATASETS=folder), with the databases and tables that their
#                                contracts look values up in, and RDS' certificates
#   *.cdx.json                   the packages that the loader contains (CycloneDX)
#   SHA256SUMS                   checksums of all of these, and of the programs (sha256sum -c)
#
#   scripts/package.sh           all of it
#   scripts/package.sh layer     only the layer, without a build
set -euo pipefail
cd "$(dirname "$0")/.."
out=${OUT:-target/lambda}
datasets=${DATASETS:-datasets}

say() { printf 'package: %s\n' "$*"; }
die() { printf 'package: %s\n' "$*" >&2; exit 3; }
sha256() { if command -v sha256sum >/dev/null 2>&1; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }

layer() {
  if ! ls "$datasets"/*/dataset.toml >/dev/null 2>&1; then
    say "$datasets has no <name>/dataset.toml: the loader will refuse to start with this layer"
  fi
  python3 scripts/zip.py "$out/layer.zip" datasets="$datasets" rds/global-bundle.pem=infra/rds/global-bundle.pem
  say "$out/layer.zip"
}

# The program must be the same wherever, whenever and by whomever it is built: paths are replaced, here
# and in the C code of aws-lc, and symbols, which contain hashes of paths, are stripped (Cargo.toml).
# If two prefixes match a path, the compilers apply the last one.
build() {
  local arch=$1 flag=$2 target=$3 folder=$4 cpu=$5
  local home=${CARGO_HOME:-$HOME/.cargo} output=${CARGO_TARGET_DIR:-$PWD/target} rust
  rust=$(rustc --print sysroot)
  if command -v rustup >/dev/null 2>&1; then rustup target add "$target" >/dev/null 2>&1 || die "rustup cannot add $target"; fi
  say "building the loader for $arch"
  PATH="$PWD/.venv/bin:$PATH" \
    SOURCE_DATE_EPOCH=315532800 \
    RUSTFLAGS="-C target-cpu=$cpu --remap-path-prefix=$rust=rust --remap-path-prefix=$home=cargo --remap-path-prefix=$PWD=stardrop --remap-path-prefix=$output=target" \
    CFLAGS="-ffile-prefix-map=$home=cargo -ffile-prefix-map=$PWD=stardrop -ffile-prefix-map=$output=target" \
    CARGO_INCREMENTAL=0 \
    cargo lambda build --release --locked --bin loader --no-default-features "$flag" --lambda-dir "target/bootstrap/$arch"
  pack "target/bootstrap/$arch/loader/bootstrap" "$folder"
  python3 scripts/sbom.py "$target" > "$out/$folder.cdx.json"
}

pack() {
  chmod 755 "$1"
  python3 scripts/zip.py "$out/$2/bootstrap.zip" bootstrap="$1"
  say "$out/$2/bootstrap.zip"
}

sums() {
  (
    cd "$out"
    find . -name '*.zip' -o -name '*.cdx.json' | sed 's|^\./||' | LC_ALL=C sort | while IFS= read -r file; do sha256 "$file"; done
    for arch in arm64 x86_64; do
      program=../bootstrap/$arch/loader/bootstrap
      if [ -f "$program" ]; then sha256 "$program"; fi
    done
  ) > "$out/SHA256SUMS"
  cat "$out/SHA256SUMS"
}

case ${1:-all} in
  all)
    build x86_64 --x86-64 x86_64-unknown-linux-gnu loader-x86_64 x86-64-v2
    build arm64 --arm64 aarch64-unknown-linux-gnu loader neoverse-n1 # Graviton2, the oldest that Lambda has
    layer
    sums
    ;;
  layer)
    layer
    sums
    ;;
  *) die "usage: package.sh [layer]" ;;
esac
