"""Routes, one module a page: each reads what its view needs, checks the right to it, and renders the view."""

from fastapi import APIRouter

from trailbook.airflow.web.pages import catalogue, compliance, form, run, runbook, static, trail

ROUTERS: tuple[APIRouter, ...] = (
    static.router,
    catalogue.router,
    runbook.router,
    form.router,
    run.router,
    compliance.router,
    trail.router,
)
"""All routes; the order matters where two match."""
