#!/usr/bin/env bash
# Checks what `make package` built, and runs the tests that start the loader with the packaged one.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${OUT:-$PWD/target/lambda}

say() { printf 'package-test: %s\n' "$*"; }
die() { printf 'package-test: %s\n' "$*" >&2; exit 3; }

case "$(uname -s) $(uname -m)" in
  "Linux x86_64") package=$out/loader-x86_64/bootstrap.zip ;;
  "Linux aarch64") package=$out/loader/bootstrap.zip ;;
  *) say "SKIPPED: a package for Lambda runs on Linux only"; exit 0 ;;
esac
if [ ! -e "$package" ] || [ ! -e "$out/layer.zip" ]; then
  say "SKIPPED: there is no package; run make package first ($package)"
  exit 0
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# The tests load the examples; the layer that was packaged has the user's own datasets.
OUT=$folder/examples DATASETS=examples bash scripts/package.sh layer >/dev/null
python3 - "$package" "$out/layer.zip" "$folder" "$out/SHA256SUMS" "$folder/examples/layer.zip" <<'END'
import hashlib, pathlib, re, sys, zipfile

package, layer, target, sums, examples = (pathlib.Path(argument) for argument in sys.argv[1:])
listed = dict(reversed(line.split("  ", 1)) for line in sums.read_text().splitlines())


def check(path: pathlib.Path) -> None:
    name = path.relative_to(sums.parent).as_posix()
    if hashlib.sha256(path.read_bytes()).hexdigest() != listed.get(name):
        sys.exit(f"package-test: {name} does not match SHA256SUMS; run make package")


def unpack(path: pathlib.Path, folder: pathlib.Path) -> list:
    """Unpacks like `unzip` and Lambda: with the modes in the archive."""
    check(path)
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            mode = entry.external_attr >> 16 & 0o777
            if entry.create_system != 3 or mode not in (0o644, 0o755):
                sys.exit(f"package-test: {path.name}: {entry.filename} has mode {mode:o}")
            if entry.date_time != (1980, 1, 1, 0, 0, 0):
                sys.exit(f"package-test: {path.name}: {entry.filename} contains the time of the build")
            pathlib.Path(archive.extract(entry, folder)).chmod(mode)
        return archive.namelist()


if unpack(package, target / "task") != ["bootstrap"]:
    sys.exit(f"package-test: {package} contains more than the program")
check(layer)
with zipfile.ZipFile(examples) as archive:
    archive.extractall(target / "opt")
for wanted, path in (("datasets/sales/dataset.toml", examples), ("rds/global-bundle.pem", layer)):
    if wanted not in zipfile.ZipFile(path).namelist():
        sys.exit(f"package-test: {path} lacks {wanted}")
program = (target / "task" / "bootstrap").read_bytes()
# Amazon Linux 2023, on which Lambda runs it, has glibc 2.34.
newest = max(int(minor) for minor in re.findall(rb"GLIBC_2\.(\d+)", program))
if newest > 34:
    sys.exit(f"package-test: the program needs glibc 2.{newest}, but Lambda has 2.34")
for path in (str(pathlib.Path.home()), str(pathlib.Path.cwd())):
    if len(path) > 5 and path.encode() in program:
        sys.exit(f"package-test: the program contains the path of its build: {path}")
print(f"package-test: {package.name}: {len(program):,} bytes, {package.stat().st_size:,} compressed, glibc 2.{newest}")
END
chmod -R go+rX "$folder"

# The tests that start the loader as Lambda does.
tests=(lambda package:: deadline:: memory::)
export STARDROP_TEST_BOOTSTRAP=$folder/task/bootstrap STARDROP_TEST_LAYER=$folder/opt
${CARGO:-cargo} build ${CARGO_FLAGS:-} --workspace --bins
${CARGO:-cargo} test ${CARGO_FLAGS:-} --workspace --test it -- "${tests[@]}" --nocapture
