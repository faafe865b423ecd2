"""Our page as a user has it before them: inside TensorBoard, in its frame."""

from collections.abc import Callable, Mapping
from typing import Protocol

from playwright.sync_api import ConsoleMessage, FrameLocator, Locator, Page, Request, expect
from tensorboard_process import TensorBoard

# A fixed look on every machine, no GPU, and none of the browser's own traffic.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--disable-lcd-text",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    # TensorBoard's page asks other hosts for fonts; where they can't be reached, their names must not be waited for.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
_PATIENCE_MS = 30_000
"""Until something that must come is said not to come: long, as machines that run tests may be slow."""
_TICK_MS, _QUIET = 50, 4
_DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
_FRAME = "iframe[src*='torchviz_tb']"
_SHOW = f"""async (address) => {{
    const frame = document.querySelector("{_FRAME}");
    const loaded = new Promise((done) => frame.addEventListener("load", done, {{ once: true }}));
    frame.contentWindow.location.replace(address ?? frame.src);
    await loaded;
}}"""
_AS_NEW = """([hash, dark]) => {
    document.activeElement?.blur();
    document.body.classList.toggle("dark-mode", dark);
    localStorage.clear();
    sessionStorage.clear();
    location.hash = hash;
}"""
# TensorBoard's own page asks for these, whatever plugins are there.
_HOST_REQUESTS = ("fonts.googleapis.com", "fonts.gstatic.com", "www.gstatic.com")


class TorchVizPage:
    """What a test does with the page and what it noticed meanwhile."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.errors: list[str] = []
        self.foreign_requests: list[str] = []
        self._pending: set[Request] = set()
        page.set_default_timeout(_PATIENCE_MS)
        expect.set_options(timeout=_PATIENCE_MS)
        self._listeners: dict[str, Callable[..., None]] = {
            "pageerror": lambda error: self.errors.append(str(error)),
            "console": self._heard,
            "request": self._requested,
            "requestfinished": self._ended,
            "requestfailed": self._ended,
        }
        for event, listener in self._listeners.items():
            page.on(event, listener)

    def open(self, view: str = "overview", *, dark: bool = False, **parameters: object) -> None:
        """Goes to the view by its address, as a copied link does."""
        self._pending.clear()
        self.page.goto(f"{self.url}?darkMode={str(dark).lower()}{_hash(view, parameters)}")
        self.tab(view).wait_for()

    def open_again(self, view: str = "overview", *, dark: bool = False, **parameters: object) -> None:
        """Loads our document anew, as in a new browser, within TensorBoard's page that is there already."""
        # First ours goes: what it still had to write, such as its address, must not come after what is set here.
        self.page.evaluate(_SHOW, "about:blank")
        self._pending.clear()
        self.page.mouse.move(0, 0)
        self.page.evaluate(_AS_NEW, [_hash(view, parameters), dark])
        self.page.evaluate(_SHOW)
        self.tab(view).wait_for()

    def leave(self) -> None:
        """Ends our document and hears nothing of the page any longer; TensorBoard's stays for ``open_again``."""
        for event, listener in self._listeners.items():
            self.page.remove_listener(event, listener)
        self.page.evaluate(_SHOW, "about:blank")

    @property
    def frame(self) -> FrameLocator:
        """Our document."""
        return self.page.frame_locator(_FRAME)

    def tab(self, view: str) -> Locator:
        """The view's tab in our header."""
        views = self.frame.get_by_role("navigation", name="Views")
        return views.get_by_role("button", name=view.capitalize(), exact=True)

    def press(self, key: str) -> None:
        """A key, after a click into the page: only then keys are the page's, not TensorBoard's."""
        self.frame.get_by_role("banner").click(position={"x": 600, "y": 22})
        self.page.keyboard.press(key)

    def settle(self) -> None:
        """Returns when all that was asked for has come, nothing more is asked for, and the page is drawn."""
        quiet = ticks = 0
        while quiet < _QUIET:
            self.page.wait_for_timeout(_TICK_MS)
            quiet, ticks = 0 if self._pending else quiet + 1, ticks + 1
            assert ticks * _TICK_MS < _PATIENCE_MS, [request.url for request in self._pending]
        self.frame.locator("body").evaluate(_DRAWN)

    def text(self) -> str:
        """All text of our document that can be seen."""
        return self.frame.locator("body").inner_text()

    def evaluate(self, script: str) -> object:
        """The value of a JavaScript expression in our document."""
        return self.frame.locator("body").evaluate(f"() => {script}")

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "torchviz_tb" in (message.location or {}).get("url", ""):
            self.errors.append(message.text)

    def _requested(self, request: Request) -> None:
        if "torchviz_tb" in request.url:
            self._pending.add(request)
        if request.url.startswith((self.url, "data:", "blob:")):
            return
        if not any(host in request.url for host in _HOST_REQUESTS):
            self.foreign_requests.append(request.url)

    def _ended(self, request: Request) -> None:
        self._pending.discard(request)


def _hash(view: str, parameters: Mapping[str, object]) -> str:
    keys = {"view": view, **parameters}
    return "#torchviz_tb" + "".join(f"&p.torchviz_tb.{key}={value}" for key, value in keys.items())


class Board(Protocol):
    """Gives the TensorBoard that shows a sample log; the same one whenever it is asked for again."""

    def __call__(self, sample: str, backend: str = "rust") -> TensorBoard: ...


class OpenPage(Protocol):
    """Opens our tab on a sample log, ``anew`` also TensorBoard's page around it."""

    def __call__(
        self,
        sample: str,
        view: str = "overview",
        *,
        dark: bool = False,
        width: int = 1280,
        backend: str = "rust",
        anew: bool = False,
    ) -> TorchVizPage: ...
