"""The static files, for signed-in users like everything else."""

from fastapi import APIRouter, HTTPException, Response

from trailbook.airflow.web.assets import TYPES, assets

router = APIRouter()


@router.get("/static/{digest}/{name}")
def static(digest: str, name: str) -> Response:
    """Return a static file; its address changes with its content, so it may be kept for ever."""
    found = assets()
    if digest != found.digest or name not in found.bodies:
        raise HTTPException(404, "There is no such file here.")
    kept = {"Cache-Control": "private, max-age=31536000, immutable"}
    return Response(found.bodies[name], media_type=TYPES[name], headers=kept)
