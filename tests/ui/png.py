"""A picture of at most 256 colours: what Chromium writes, at a third of the bytes and with no other to be seen."""

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page

_COLOURS, _FREQUENT = 256, 96
_PIXELS = """async (picture) => {
  const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes]));
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  const data = canvas.getContext("2d").getImageData(0, 0, bitmap.width, bitmap.height).data;
  let text = "";
  for (let at = 0; at < data.length; at += 32768) text += String.fromCharCode(...data.subarray(at, at + 32768));
  return [bitmap.width, bitmap.height, btoa(text)];
}"""


def fewer_colours(page: Page, picture: bytes) -> bytes:
    """Return a PNG again, with a palette; `page` is any page of the browser, which reads the PNG."""
    width, height, text = page.evaluate(_PIXELS, base64.b64encode(picture).decode())
    rgba = np.frombuffer(base64.b64decode(text), np.uint8).reshape(-1, 4)
    colours, inverse, counts = np.unique(rgba[:, :3], axis=0, return_inverse=True, return_counts=True)
    kept, nearest = _palette(colours, counts)
    raw = np.zeros((height, width + 1), np.uint8)  # each line begins with its filter: none
    raw[:, 1:] = nearest[inverse.reshape(-1)].reshape(height, width)
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", header), (b"PLTE", kept.tobytes()), (b"IDAT", zlib.compress(raw.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def _palette(colours: NDArray[np.uint8], counts: NDArray[np.intp]) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """Return the colours that are kept, and for each colour the place of the kept one that is nearest.

    The most frequent are kept, then one after the other what is farthest from all of them: a rare hue is not lost.
    """
    values = colours.astype(np.int32)
    kept = list(np.argsort(-counts, kind="stable")[:_FREQUENT])
    distances = np.stack([((values - values[place]) ** 2).sum(axis=1) for place in kept])
    nearest, distance = distances.argmin(axis=0), distances.min(axis=0)
    while len(kept) < _COLOURS and distance.any():
        farthest = int((distance * np.sqrt(counts)).argmax())
        to_it = ((values - values[farthest]) ** 2).sum(axis=1)
        nearest[to_it < distance] = len(kept)
        distance = np.minimum(distance, to_it)
        kept.append(farthest)
    return colours[kept], nearest


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
