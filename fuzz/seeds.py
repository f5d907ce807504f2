#!/usr/bin/env python3
"""Writes the first inputs of the fuzzer to fuzz/corpus: samples of this project for each target."""

import bz2
import gzip
import io
import json
import lzma
import pathlib
import tarfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORPUS = ROOT / "fuzz" / "corpus"


def write(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{name}").write_bytes(data)


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return out.getvalue()


def seed_decode():
    text = "id;name\r\n1;Zoë\n2;\"Bo\n\"\n".encode()
    forms = {
        "plain": text,
        "bom": b"\xef\xbb\xbf" + text,
        "utf-16": text.decode().encode("utf-16"),
        "utf-16be": b"\xfe\xff" + text.decode().encode("utf-16be"),
        "latin": text.decode().encode("latin-1"),
        "gzip": gzip.compress(text),
        "members": gzip.compress(text) + gzip.compress(b"3;x\n"),
        "bzip2": bz2.compress(text),
        "xz": lzma.compress(text),
        "zip": zipped([("a.csv", text)]),
        "zip-two": zipped([("a.csv", text), ("b.csv", text)]),
        "gzip-zip": gzip.compress(zipped([("a.csv", text)])),
        # As the zstd program writes it.
        "zstd": bytes.fromhex("28b52ffd2408410000") + b"a,b\n1,2\n" + bytes.fromhex("94ef3c7b"),
        "nothing": b"",
    }
    for name, data in forms.items():
        for label in (0, 1, 3):
            write("decode", f"{name}-{label}", bytes([label, 0, 3]) + data)


def tarred(files, form):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def seed_archive():
    files = [("a.csv", b"id\n1\n"), ("b/" + "long" * 40 + ".csv", b"x" * 600), ("c\u00e9.csv", b"")]
    forms = {
        "ustar": tarred(files[:1], tarfile.USTAR_FORMAT),
        "gnu": tarred(files, tarfile.GNU_FORMAT),
        "pax": tarred(files, tarfile.PAX_FORMAT),
        "zip": zipped(files),
    }
    forms["gzip"] = gzip.compress(forms["pax"])
    for name, data in forms.items():
        for choice in (1, 4):
            write("archive", f"{name}-{choice}", bytes([choice]) + data)


CSV = [
    "a,b,c\n1,2,3\n",
    "a;b\r\n\"x;\"\"y\"\"\";2\r\n\r\n#no\r\n3;4",
    "a\tb\r1\t2\r",
    "a||b\n\"1\"||2\n\"3\" x||4\n",
    "\ufeffid,name\n1,\"two\nlines\"\n2,\"never closed\n",
    "a|b|\n1|2|\n",
    "aaabaab\n\"q\"aab'r'\n",
    "x,\"a\\\"b\",y\\,z\n",
]


def seed_csv():
    for at, text in enumerate(CSV):
        for choice in range(5):
            write("csv", f"{at}-{choice}", bytes([choice, choice * 51, 0, choice, 0, choice]) + text.encode())
    for sample in sorted(ROOT.glob("examples/*/sample.csv")):
        write("csv", sample.parent.name, bytes([7, 4, 0, 0, 2, 4]) + sample.read_bytes()[:2000])


JSON = [
    '{"id": 1, "a": {"b": 2}, "name": "x"}\n{"id": 2}\n',
    '[{"id": 1.50, "a": {"b": {"c": null}}},\n {"id": "\\u00e9", "x": [1, {"y": 2}]}]\n',
    '{"id": 1, "ID": 2}\n{"a.b": 1, "a": {"b": 2}}\nnone\n[1]\n\n{"x": true}',
    '\ufeff[\n]',
    '[{"id": 1}, {"id": 2}',
    '{"id": "a\\"b}{", "other": {"deep": [[[]]]}}',
    '{"id": 1}{"id": "}{"} {"id": 3}\n',
    '{\n  "id": 1,\n  "x": [\n    {"id": 9}\n  ]\n}\n{\n  "id": 2\n}\n',
    '{"n": 1, "a": {"b": [{"id": 1}, {"id": 2}]}}\n{"a": {"b": []}}',
]


def seed_jsonl():
    for at, text in enumerate(JSON):
        for choice in range(3):
            write("jsonl", f"{at}-{choice}", bytes([0, choice, choice, choice % 2]) + text.encode())


CELLS = """1 -1 +7 0 -0 00042 32767 32768 2147483648 9223372036854775807 9223372036854775808 1.5 1,5
1.234,56 1'234.5 1e3 1E-400 .5 5. NaN Infinity -inf 12.5% €3 3,00€ $1,234.50 (5) true no ja NEIN
2024-02-29 2023-02-29 31/12/1999 19991231 31.12.99 0001-01-01 9999-12-31 294276-12-31 infinity
45292 60 61 2958465 12:30 24:00:00 23:59:60 12:30:00.123456789 2024-01-01T12:00:00Z
2024-01-01T12:00:00+05:30 1700000000 1700000000000 -1 a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11
{a0eebc999c0b4ef8bb6d6bb9bd380a11} {"a":1} [1,2] "\\u0000" 10.0.0.1/8 ::ffff:1.2.3.4 fe80::1 NULL""".split()


def seed_rows():
    for at, cell in enumerate(CELLS):
        write("rows", f"{at}", bytes([at % 30]) + cell.encode())
    for column in range(30):
        write("rows", f"all-{column}", bytes([column]) + "\n".join(CELLS).encode())
    write("rows", "twelve", bytes([22]) + b"12:30 PM\n12:00 am\n")
    write("rows", "month", bytes([19]) + b"Jan 05, 2024\n")
    write("rows", "special", bytes([0]) + b'tab\there\nback\\slash\n"a\nb"\n\x00\n\xff\xfe\n')


FROM_KEY = """name = "sales"
match = "sales/**"
from_key = ["sales/day={day}/{part}-*.csv", "**/{part}/{day}.*"]
[columns]
day = { type = "date" }
part = { type = "text" }
at = { type = "bigint", source = "line" }
given = { type = "numeric(4,1)", value = 1.5 }
id = { type = "text" }
[fact.sale]
degenerate = ["day", "part", "at", "given", "id"]
"""


def mmdb(record_bits, record):
    """A database with one node, whose right record is the data."""
    nodes, data = 1, 1 + 16
    left, right = nodes.to_bytes(4, "big"), data.to_bytes(4, "big")
    tree = {
        24: left[1:] + right[1:],
        28: left[1:] + bytes([left[0] << 4 | right[0]]) + right[1:],
        32: left + right,
    }[record_bits]

    def text(value):
        return bytes([0x40 | len(value)]) + value.encode()

    metadata = bytes([0xE9])
    for name, value in (
        ("binary_format_major_version", b"\xa1\x02"),
        ("binary_format_minor_version", b"\xa0"),
        ("build_epoch", b"\x04\x02\x6a\x18\x00\x00"),
        ("database_type", text("Test")),
        ("description", b"\xe0"),
        ("ip_version", b"\xa1\x06" if record_bits != 24 else b"\xa1\x04"),
        ("languages", b"\x00\x04"),
        ("node_count", b"\xc1\x01"),
        ("record_size", b"\xa1" + bytes([record_bits])),
    ):
        # A text of 29 bytes or more has its length in another byte; no name here does.
        metadata += text(name) + value
    return tree + bytes(16) + record + b"\xab\xcd\xefMaxMind.com" + metadata


def seed_enrich():
    flat = b"\xe2\x4ccountry_code\x42DE\x41n\x68\x40\x4a\x1d\x70\xa3\xd7\x0a\x3d"
    nested = b"\xe1\x47country\xe1\x48iso_code\x42DE"
    listed = b"\xe2\x41a\x42DE\x4csubdivisions\x01\x04\xe1\x42id\xc1\x07"
    for bits in (24, 28, 32):
        for name, record in (("flat", flat), ("nested", nested), ("listed", listed)):
            for choice in range(3):
                write("enrich", f"{name}-{bits}-{choice}", bytes([choice, 1, 2, 3, 4]) + mmdb(bits, record))
    for at, table in enumerate(["ip,rate\n1.1.1.1,1.5\nEUR,2\n", "\ufeffRate;IP\n1,5;\"a\"\n", "ip\n"]):
        write("enrich", f"table-{at}", bytes([3, 1, 2, 3, 4]) + table.encode())


def seed_contract():
    found = [*ROOT.glob("datasets/*/dataset.toml"), *ROOT.glob("tests/it/datasets/*/dataset.toml")]
    for path in sorted([*found, ROOT / "fuzz" / "rows.toml"]):
        write("contract", path.parent.name, path.read_bytes())
    write("contract", "from-key", FROM_KEY.encode())


def seed_event():
    for path in sorted((ROOT / "events").glob("*.json")):
        event = json.loads(path.read_text())
        write("event", path.stem, json.dumps(event, separators=(",", ":")).encode())
        sns = {"Records": [{"Sns": {"Message": json.dumps(event)}}]}
        write("event", f"sns-{path.stem}", json.dumps(sns).encode())


for seed in (seed_decode, seed_archive, seed_csv, seed_jsonl, seed_enrich, seed_rows, seed_contract, seed_event):
    seed()
