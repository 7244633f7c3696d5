"""
Take the README's pictures of a running demo: `make demo` in one terminal, then
`make pictures` in another. What they show is the demo clinic's, and so invented.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "massage_portal" / "demo" / "pictures"
CHROMIUM = "/usr/bin/chromium"
WIDE = {"width": 1180, "height": 900}
PHONE = {"width": 375, "height": 720}
SHOTS = [  # name, role, address, size, colors
    ("home", "", "/", PHONE, "light"),
    ("queue", "scheduler", "/queue/#waiting-heading", WIDE, "light"),
    ("offer", "patient", "/my/", PHONE, "light"),
    ("day", "therapist", "/day/", PHONE, "dark"),
]


def main() -> None:
    demo = json.loads((ROOT / ".local" / "demo.json").read_text())
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-background-networking"],
        )
        for name, role, address, size, colors in SHOTS:
            take(browser, demo, name, role, address, size, colors)
            sys.stdout.write(f"{name}.png\n")
        browser.close()


def take(browser: Browser, demo, name, role, address, size, colors) -> None:
    context = browser.new_context(viewport=size, color_scheme=colors)
    page = context.new_page()
    if role:
        one = next(one for one in demo["sign_ins"] if one["role"] == role)
        page.goto(demo["base_url"] + "/accounts/login/")
        page.fill("input[name=login]", one["email"])
        page.fill("input[name=password]", one["password"])
        page.press("input[name=password]", "Enter")
        page.wait_for_load_state()
    page.goto(demo["base_url"] + address)
    page.screenshot(path=PICTURES / f"{name}.png")
    context.close()


if __name__ == "__main__":
    main()
