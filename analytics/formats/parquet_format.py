"""Parquet: typed, compressed, the quickest way into pandas, R (arrow) and DuckDB."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from analytics.tidy.fixed import Table

_MEASURED = ("seconds",)  # nearly every value differs, so a dictionary only costs


class ParquetWriter:
    """One table as one file; each batch becomes a row group."""

    def __init__(self, path: Path, table: Table) -> None:
        names = [column.name for column in table.columns if column.name not in _MEASURED]
        self._writer = pq.ParquetWriter(
            path,
            table.schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=names,
            write_statistics=[column.name for column in table.columns if column.is_key][:1],
            write_batch_size=1 << 15,
            store_schema=False,  # words then read as plain strings, not as categories
        )

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        if batch.num_rows:
            self._writer.write_batch(batch)

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()
