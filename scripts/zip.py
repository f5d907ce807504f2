#!/usr/bin/env python3
"""Writes a zip file that is the same, byte for byte, whoever builds it and whenever.

    scripts/zip.py OUT.zip NAME=PATH...

Of a folder, adds all files but those named `sample.*`. NAME is the name of the file or folder within
the zip. Executable files stay executable; owners and times are left out.
"""
import pathlib
import stat
import sys
import zipfile

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can store


def members(name: str, path: pathlib.Path):
    if path.is_dir():
        for child in path.rglob("*"):
            if child.is_file() and not child.name.startswith("sample."):
                yield f"{name}/{child.relative_to(path).as_posix()}", child
    elif path.is_file():
        yield name, path
    else:
        sys.exit(f"zip: {path} does not exist")


def main() -> None:
    if len(sys.argv) < 3 or not all("=" in pair for pair in sys.argv[2:]):
        sys.exit("usage: zip.py OUT.zip NAME=PATH...")
    out = pathlib.Path(sys.argv[1])
    found = [m for pair in sys.argv[2:] for m in members(pair.split("=", 1)[0], pathlib.Path(pair.split("=", 1)[1]))]
    if not found:
        sys.exit(f"zip: nothing to put into {out}")
    out.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, path in sorted(found):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3  # Unix, also on other systems: the mode below applies
            executable = path.stat().st_mode & stat.S_IXUSR
            entry.external_attr = (stat.S_IFREG | (0o755 if executable else 0o644)) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes(), compresslevel=9)


main()
