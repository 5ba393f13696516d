"""Routes, one module a page: each reads what its view needs, checks the right to it, and renders the view."""

from fastapi import APIRouter

from trailbook.airflow.web.pages import catalogue, run, runbook, static

ROUTERS: tuple[APIRouter, ...] = (static.router, catalogue.router, runbook.router, run.router)
"""All routes; the order matters where two match."""
