"""Loads a CSV file of sales into a table of Postgres by a tool that many use for it.

usage: peer.py TOOL URL FILE

TOOL is one of those in TOOLS below. Each runs as its documentation recommends for large files. It makes a plain table
peer.sales with the types of the contract: no star, no ledger, no rejected rows. "dlt merge" also replaces rows by key.
"""

import csv
import io
import os
import subprocess
import sys
import tempfile

# The columns of the file, whose header has other names.
COLUMNS = [
    "order_id", "line_no", "order_ts", "customer_id", "customer_name", "country", "product_id", "product_name",
    "quantity", "unit_price", "updated_at",
]
KEY = ["order_id", "line_no"]
CREATE = """
create schema if not exists peer;
drop table if exists peer.sales;
create table peer.sales (
    order_id bigint, line_no integer, order_ts timestamp, customer_id bigint, customer_name text, country text,
    product_id text, product_name text, quantity integer, unit_price numeric(12,2), updated_at timestamptz
)"""


def create(url):
    import psycopg2

    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(CREATE)


def by_pandas(url, file):
    """`to_sql` with COPY, as in pandas' own documentation (insertion method), in chunks."""
    import pandas
    import sqlalchemy

    def copy(table, connection, keys, rows):
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        text.seek(0)
        with connection.connection.cursor() as cursor:
            columns = ", ".join(f'"{key}"' for key in keys)
            cursor.copy_expert(f"copy {table.schema}.{table.name} ({columns}) from stdin with csv", text)

    create(url)
    engine = sqlalchemy.create_engine(url.replace("postgres://", "postgresql+psycopg2://"))
    integers = {"customer_id": "Int64", "quantity": "Int64"}
    for chunk in pandas.read_csv(file, names=COLUMNS, skiprows=1, chunksize=100_000, dtype=integers):
        chunk.to_sql("sales", engine, schema="peer", if_exists="append", index=False, method=copy)


def arrow_table(file):
    import pyarrow as pa
    import pyarrow.csv as arrow_csv

    types = {
        "order_id": pa.int64(), "line_no": pa.int32(), "order_ts": pa.timestamp("us"), "customer_id": pa.int64(),
        "quantity": pa.int32(), "unit_price": pa.float64(), "updated_at": pa.timestamp("us", tz="UTC"),
    }
    return arrow_csv.read_csv(
        file,
        read_options=arrow_csv.ReadOptions(column_names=COLUMNS, skip_rows=1),
        convert_options=arrow_csv.ConvertOptions(column_types=types),
    )


def by_adbc(url, file):
    """Arrow's database driver: binary COPY of a table in memory. Prices become floating point numbers."""
    import adbc_driver_postgresql.dbapi as dbapi

    create(url)
    with dbapi.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("drop table peer.sales")
        cursor.adbc_ingest("sales", arrow_table(file), mode="create", db_schema_name="peer")
        connection.commit()


def by_dlt(url, file, disposition="replace"):
    """A pipeline of Arrow tables, which dlt loads faster than rows."""
    os.environ.update(RUNTIME__DLTHUB_TELEMETRY="false", RUNTIME__LOG_LEVEL="ERROR")
    import dlt

    # dlt refuses a URL without a password, which the server does not ask for.
    login, address = url.replace("postgres://", "postgresql://").split("@", 1)
    if login.count(":") < 2:
        login += ":none"
    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline(
            "peer", destination=dlt.destinations.postgres(f"{login}@{address}"), dataset_name="peer", pipelines_dir=folder
        )
        pipeline.run(
            arrow_table(file), table_name="sales", write_disposition=disposition, primary_key=KEY,
            loader_file_format="csv",
        )


def by_pgloader(url, file):
    """pgloader has no settings in its URL, and reads what to do from a file."""
    create(url)
    with tempfile.NamedTemporaryFile("w", suffix=".load") as command:
        command.write(
            f"load csv from '{file}' into {url}?peer.sales\n"
            "with skip header = 1, fields terminated by ',', fields optionally enclosed by '\"', workers = 2;\n"
        )
        command.flush()
        subprocess.run(["pgloader", "--quiet", command.name], check=True)


TOOLS = {
    "pandas": by_pandas,
    "ADBC": by_adbc,
    "dlt": by_dlt,
    "dlt merge": lambda url, file: by_dlt(url, file, "merge"),
    "pgloader": by_pgloader,
}

if __name__ == "__main__":
    tool, url, file = sys.argv[1:]
    TOOLS[tool](url, file)
