"""What Locust has people do at a workbench: type in a case of their own, while one asks for the style sheet.

Started by `python -m tests.bench_workbench`, which starts the server and says what came out.
"""

from __future__ import annotations

import re
from random import Random
from urllib.parse import urlencode

from locust import between, constant, task
from locust.contrib.fasthttp import FastHttpUser

from bvn_asp.record.files import load_case
from bvn_asp.record.writing import plain_content
from bvn_asp.web.fields import values_of
from tests.sample_cases import FOLDER

CASE = FOLDER / "approve_two_bodies.yaml"
LIVE, BARE = "live decision", "bare request"


class Typist(FastHttpUser):  # type: ignore[misc]
    """Changes a field of an open case about once a second, as a browser sends it, and waits for the answer."""

    weight = 50
    wait_time = between(0.5, 1.5)
    number = 0

    def on_start(self) -> None:
        """Open a case."""
        Typist.number += 1
        self.rng = Random(Typist.number)
        with self.client.get("/case/new", name="open", catch_response=True) as page:
            found = re.search(r'action="(/case/[^"]+)".*?name="csrf" value="([^"]+)"', page.text, re.DOTALL)
        assert found
        self.path = found[1]
        self.form = {**values_of(plain_content(load_case(CASE))), "csrf": (found[2],)}

    @task  # type: ignore[untyped-decorator]
    def type(self) -> None:
        """Type another age."""
        self.form["patient.age"] = (f"{self.rng.randint(18, 80)}.{self.rng.randint(0, 99)}",)
        sent = urlencode(self.form, doseq=True)
        headers = {"HX-Request": "true", "Content-Type": "application/x-www-form-urlencoded"}
        self.client.post(f"{self.path}/live", data=sent, headers=headers, name=LIVE)


class Onlooker(FastHttpUser):  # type: ignore[misc]
    """Asks for the style sheet ten times a second."""

    fixed_count = 1
    wait_time = constant(0.1)

    @task  # type: ignore[untyped-decorator]
    def ask(self) -> None:
        """Ask for it."""
        self.client.get("/static/style.css", name=BARE)
