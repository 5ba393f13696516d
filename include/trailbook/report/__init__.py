"""The report of a run: one model, rendered as HTML, JSON, CSV and Parquet, with a manifest of digests."""
