"""Pages of the browser tests: a test opens the app anew in a page that an earlier test has given back.

A new page costs four to five seconds of a processor, more than half of them for a process of its own and for reading
nine megabytes of scripts that a page which has shown the app before still knows. Nothing else is handed on: the app is
loaded anew, and cookies and storage are empty. Only where the earlier test did no more than look does the next one find
what that one found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, Request

PATIENCE_MS = 30_000  # the machine may be busy with other tests
_EMPTY_STORAGE = "localStorage.clear(); sessionStorage.clear()"
# Whatever a hand, or Playwright in its place, does to a page comes as one of these.
_WATCH = """() => {
    window.isAsOpened = true;
    const touched = () => { window.isAsOpened = false; };
    for (const kind of ["change", "click", "focusin", "input", "keydown", "keyup", "mousedown", "mousemove", "paste", "popstate",
                        "resize", "scroll", "touchstart", "wheel"]) {
        window.addEventListener(kind, touched, { capture: true, passive: true });
    }
}"""


class Screen:
    """A page for one app at a time, and what went wrong on it.

    Parameters
    ----------
    context : BrowserContext
        Session that the page is opened in.
    url : str
        Address of the app.
    """

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.url = url
        self.errors: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._asked)

    def is_as_opened(self, viewport: dict[str, int]) -> bool:
        """Return whether the app stands in a window of this size and nobody has touched it."""
        return self.page.viewport_size == viewport and self.page.evaluate("window.isAsOpened === true")

    def open(self, viewport: dict[str, int]) -> None:
        """Load the app in a window of this size."""
        self.page.set_viewport_size({"width": viewport["width"], "height": viewport["height"]})
        self.errors.clear()
        self.page.goto(self.url)

    def watch(self) -> None:
        """Take note of the first touch from now on."""
        self.page.evaluate(_WATCH)

    def let_go(self) -> None:
        """Leave an app that was touched for a page that shows none of it, and forget what it left with the browser."""
        self.page.unroute_all(behavior="ignoreErrors")
        if self.page.evaluate("window.isAsOpened === true"):
            return
        self.page.on("dialog", _agree)
        self.page.goto(urljoin(self.url, "health"))
        self.page.remove_listener("dialog", _agree)
        self.page.mouse.move(0, 0)
        self.page.evaluate(_EMPTY_STORAGE)
        self.page.context.clear_cookies()

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def _asked(self, request: Request) -> None:
        if request.url.startswith(("http", "ws")) and urlsplit(request.url).hostname != "127.0.0.1":
            self.errors.append(f"request to {request.url}")


class Screens:
    """Pages that are free, by the app that they have shown and the options of their session.

    Parameters
    ----------
    browser : Browser
        Where new ones are opened.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: dict[str, list[Screen]] = {}
        self._kind: dict[Screen, str] = {}

    def take(self, url: str, options: Mapping[str, Any]) -> Screen:
        """Return a free page, or a new one; nobody else has it until it is given back."""
        kind = f"{url} {sorted(options.items())}"
        free = self._free.setdefault(kind, [])
        if free:
            return free.pop()
        screen = Screen(self._browser.new_context(**options), url)
        self._kind[screen] = kind
        return screen

    def give_back(self, screen: Screen, *, is_sound: bool) -> None:
        """Keep a page for the next test; one of a test that failed, or that does not let the app go, is closed."""
        if is_sound:
            try:
                screen.let_go()
            except Error:
                is_sound = False
        if is_sound:
            self._free[self._kind[screen]].append(screen)
        else:
            del self._kind[screen]
            screen.page.context.close()

    def forget(self, url: str) -> None:
        """Close the free pages of an app that is about to end; its server waits for their connections."""
        for screen in [one for free in self._free.values() for one in free if one.url == url]:
            self._free[self._kind.pop(screen)].remove(screen)
            screen.page.context.close()

    def close(self) -> None:
        """Close every page."""
        for screen in self._kind:
            screen.page.context.close()


def _agree(dialog: Dialog) -> None:
    """Agree to leave with changes; the app asks first."""
    dialog.accept()
