"""Athena: executions through a boto3-shaped client, and the result sets they leave."""
