"""The embedded AWS: Athena on DuckDB behind the AWS API, with moto serving S3, Glue and SNS.

Only this room imports moto. It knows nothing of runbooks; its `engine` knows nothing of moto.
"""
