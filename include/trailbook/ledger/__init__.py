"""The ledger: one tamper-evident chain of entries per runbook."""
