"""What the workbench gives to send: report, letter and worksheet of the case in work."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest

from bvn_asp.record.writing import plain_content
from bvn_asp.web.fields import values_of
from tests.sample_cases import sample
from tests.web import new_case, post, workbench


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with workbench() as found:
        yield found


def sent(client: Any, name: str, what: str) -> Any:
    """Return what the button gives for a case whose form is filled in."""
    path, token = new_case(client)
    assert f"{path}/send/{what}" in client.get(path).text
    content = plain_content(sample(name))
    return post(client, f"{path}/send/{what}", {key: list(told) for key, told in values_of(content).items()}, token)


def test_a_denied_case_gives_its_report_its_letter_and_its_worksheet(client: Any) -> None:
    docx, openpyxl = pytest.importorskip("docx"), pytest.importorskip("openpyxl")
    name = "deny_pregnant"
    report = sent(client, name, "report/html")
    assert report.status_code == 200 and "pregnan" in report.text and "<script" not in report.text
    assert report.headers["content-disposition"] == 'attachment; filename="report.html"'
    letter = docx.Document(io.BytesIO(sent(client, name, "letter/docx").content))
    assert "We cannot approve" in "\n".join(paragraph.text for paragraph in letter.paragraphs)
    sheets = openpyxl.load_workbook(io.BytesIO(sent(client, name, "worksheet/xlsx").content))
    assert sheets.sheetnames


def test_without_a_request_there_is_no_letter_and_the_page_says_why(client: Any) -> None:
    path, token = new_case(client)
    refused = post(client, f"{path}/send/letter/html", {"patient.age": "52"}, token)
    assert refused.status_code == 422 and "nothing is requested yet" in refused.text


def test_what_is_not_written_is_not_found_and_an_unreadable_field_stops_it(client: Any) -> None:
    path, token = new_case(client)
    assert post(client, f"{path}/send/letter/exe", {}, token).status_code == 404
    assert post(client, f"{path}/send/report/html", {"patient.age": "x"}, token).status_code == 422
