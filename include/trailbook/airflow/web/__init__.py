"""The pages inside Airflow's UI: a FastAPI app that the plugin mounts; server-rendered, and never without a user.

Invariants: no request passes without a signed-in user (`gate`); what a page shows is a frozen view made by a pure
function (`views`), which needs no Airflow; a text from a log, a parameter or a run id is text on every page; the key of
an object comes from the ledger, never from an address.
"""
