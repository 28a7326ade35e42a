"""A file of a request as an answer: the same whoever the buyer is, and saved under a name that says nothing."""

from typing import Annotated, Any

from fastapi import Path, Response

from buyers.requests.attachments.cleaning import MEDIA_TYPES
from buyers.requests.attachments.service import File

Ref = Annotated[str, Path(max_length=4, pattern=r"^A[1-9][0-9]{0,2}$")]
"""Names a file inside its request."""
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {media: {"schema": {"type": "string", "format": "binary"}} for media in MEDIA_TYPES.values()},
        "description": "The file",
    }
}
"""How a route's document tells of a file."""
_ENDINGS = {media_type: ending for ending, media_type in MEDIA_TYPES.items()}


def as_file(file: File) -> Response:
    """Return the answer that brings a file."""
    name = f"attachment-{file.ref}.{_ENDINGS[file.media_type]}"
    headers = {"ETag": f'"{file.sha256}"', "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(file.content, headers=headers, media_type=file.media_type)
