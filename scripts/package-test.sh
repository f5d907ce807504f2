#!/usr/bin/env bash
# What `make package` built in; the tests that start the loader, run with the packaged one, out.
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
  say "SKIPPED: nothing is packaged; run make package first ($package)"
  exit 0
fi

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 - "$package" "$out/layer.zip" "$place" "$out/SHA256SUMS" <<'END'
import hashlib, pathlib, re, sys, zipfile

package, layer, place, sums = (pathlib.Path(argument) for argument in sys.argv[1:])
listed = dict(reversed(line.split("  ", 1)) for line in sums.read_text().splitlines())


def check(path: pathlib.Path) -> None:
    name = path.relative_to(sums.parent).as_posix()
    if hashlib.sha256(path.read_bytes()).hexdigest() != listed.get(name):
        sys.exit(f"package-test: {name} is not the one of SHA256SUMS; run make package")


def unpack(path: pathlib.Path, folder: pathlib.Path) -> list:
    """As `unzip` and Lambda do it: with the modes that the archive tells."""
    check(path)
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            mode = entry.external_attr >> 16 & 0o777
            if entry.create_system != 3 or mode not in (0o644, 0o755):
                sys.exit(f"package-test: {path.name}: {entry.filename} has mode {mode:o}")
            if entry.date_time != (1980, 1, 1, 0, 0, 0):
                sys.exit(f"package-test: {path.name}: {entry.filename} tells when it was made")
            pathlib.Path(archive.extract(entry, folder)).chmod(mode)
        return archive.namelist()


if unpack(package, place / "task") != ["bootstrap"]:
    sys.exit(f"package-test: {package} holds more than the one program")
names = unpack(layer, place / "opt")
for wanted in ("datasets/sales/dataset.toml", "rds/global-bundle.pem"):
    if wanted not in names:
        sys.exit(f"package-test: {layer.name} lacks {wanted}")
program = (place / "task" / "bootstrap").read_bytes()
# Amazon Linux 2023, on which Lambda runs it, has glibc 2.34.
newest = max(int(minor) for minor in re.findall(rb"GLIBC_2\.(\d+)", program))
if newest > 34:
    sys.exit(f"package-test: the program wants glibc 2.{newest}, Lambda has 2.34")
for told in (str(pathlib.Path.home()), str(pathlib.Path.cwd())):
    if len(told) > 5 and told.encode() in program:
        sys.exit(f"package-test: the program tells where it was built: {told}")
print(f"package-test: {package.name}: {len(program):,} bytes, {package.stat().st_size:,} packed, glibc 2.{newest}")
END
chmod -R go+rX "$place"

# Those that start the loader as Lambda does.
tests=(lambda package:: deadline:: memory::)
export STARDROP_TEST_BOOTSTRAP=$place/task/bootstrap STARDROP_TEST_LAYER=$place/opt
${CARGO:-cargo} test ${CARGO_FLAGS:-} --test it -- "${tests[@]}" --nocapture
