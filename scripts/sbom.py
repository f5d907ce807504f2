#!/usr/bin/env python3
"""Prints the packages that the loader contains, as a CycloneDX 1.5 document.

    scripts/sbom.py TARGET

No existing tool: they have to be compiled first and write the current time into the document, and
only `cargo tree` lists what is linked with the enabled features.
"""
import json
import re
import subprocess
import sys

TREE = ["--edges", "normal", "--no-default-features", "--prefix", "none", "--format", "{p}"]


def cargo(*arguments: str) -> str:
    return subprocess.run(["cargo", *arguments, "--locked"], check=True, capture_output=True, text=True).stdout


def main() -> None:
    target = sys.argv[1]
    metadata = json.loads(cargo("metadata", "--format-version", "1", "--filter-platform", target))
    packages = {(p["name"], p["version"]): p for p in metadata["packages"]}
    root = next(p for p in metadata["packages"] if p["id"] == metadata["resolve"]["root"])
    lock = open("Cargo.lock", encoding="utf-8").read()
    checksums = dict(
        ((name, version), checksum)
        for name, version, checksum in re.findall(
            r'name = "([^"]+)"\nversion = "([^"]+)"\nsource = "[^"]+"\nchecksum = "([0-9a-f]{64})"', lock
        )
    )
    linked = set(re.findall(r"^(\S+) v(\S+)", cargo("tree", "--target", target, *TREE), re.MULTILINE))

    def component(package: dict) -> dict:
        name, version = package["name"], package["version"]
        reference = f"pkg:cargo/{name}@{version}"
        entry = {"type": "library", "bom-ref": reference, "name": name, "version": version, "purl": reference}
        if package["license"]:
            # Older crates write a slash for OR.
            entry["licenses"] = [{"expression": re.sub(r"\s*/\s*", " OR ", package["license"])}]
        if (name, version) in checksums:
            entry["hashes"] = [{"alg": "SHA-256", "content": checksums[(name, version)]}]
        return entry

    own = (root["name"], root["version"])
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": component(root) | {"type": "application"}},
        "components": [component(packages[key]) for key in sorted(linked) if key != own],
    }
    print(json.dumps(document, indent=1, sort_keys=True))


main()
