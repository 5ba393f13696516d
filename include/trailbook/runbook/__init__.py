"""The runbook: read with places, validated as a model, judged by rules, gathered in a collection."""
