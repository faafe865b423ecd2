"""Pages of TensorBoard that are kept from test to test: to load its own part of one takes longer than most tests."""

from browser_page import TorchVizPage
from playwright.sync_api import Browser, Page

_KEPT = 3
"""As many at a time: each takes a hundred megabytes."""


class KeptPages:
    """Gives each test a page whose part that is ours is as in a new browser."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._kept: dict[str, Page] = {}
        """By TensorBoard's address, the one used last at the end."""

    def any(self, url: str, view: str, width: int) -> TorchVizPage:
        """In light; TensorBoard's part, its history and what the browser has cached may be an earlier test's."""
        kept = self._kept.pop(url, None)
        if kept is None:
            return self.new(url, view, width)
        kept.set_viewport_size({"width": width, "height": 800})
        page = TorchVizPage(kept, url)
        page.open_again(view)
        return page

    def new(self, url: str, view: str, width: int, *, dark: bool = False) -> TorchVizPage:
        """As in a new browser altogether."""
        context = self._browser.new_context(viewport={"width": width, "height": 800}, reduced_motion="reduce")
        page = TorchVizPage(context.new_page(), url)
        page.open(view, dark=dark)
        return page

    def give_back(self, page: TorchVizPage) -> None:
        """Keeps one of ``any`` for the next test, if TensorBoard still shows our tab there."""
        if page.url in self._kept or not page.page.url.startswith(f"{page.url}?darkMode=false#torchviz_tb"):
            page.page.context.close()
            return
        page.leave()
        page.page.context.clear_permissions()
        self._kept[page.url] = page.page
        while len(self._kept) > _KEPT:
            self._kept.pop(next(iter(self._kept))).context.close()
