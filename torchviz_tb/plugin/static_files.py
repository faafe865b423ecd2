"""The built page's files."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent / "static"

_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
}
_NOT_BUILT = b"""export function render() {
  const note = document.createElement("p");
  note.textContent = "The TorchViz page was not built: run make frontend in the source checkout and reload.";
  document.body.append(note);
}
"""


@dataclass(frozen=True)
class StaticFile:
    """A file's bytes and media type."""

    content: bytes
    media_type: str


def static_file(name: str, root: Path = ROOT) -> StaticFile | None:
    """The file of this name under the page's folder; None where there is none, or where the name leads out of it."""
    # The name is looked up among the files that there are, so no spelling of it can leave the folder.
    files = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
    path = files.get(name)
    if path is not None and path.suffix in _TYPES and path.resolve().is_relative_to(root.resolve()):
        return StaticFile(path.read_bytes(), _TYPES[path.suffix])
    return StaticFile(_NOT_BUILT, _TYPES[".js"]) if name == "index.js" else None
