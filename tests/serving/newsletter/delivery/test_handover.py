"""Mails in a file."""

import csv
import json
from pathlib import Path

import pytest

from recsys.errors import ConfigurationError
from serving.newsletter.delivery.handover import opened
from serving.newsletter.rendering.renderer import Rendered, Renderer
from tests.serving.newsletter.letters import WHOLE, mail


@pytest.fixture
def mails(renderer: Renderer) -> list[Rendered]:
    made = (renderer.render(mail(*WHOLE, employee_id=f"e-{k}")) for k in range(3))
    return [one for one in made if one is not None]


def test_a_line_holds_all_there_is_about_a_mail(mails: list[Rendered], tmp_path: Path) -> None:
    path = tmp_path / "mails.jsonl"
    with opened(path) as file:
        for one in mails:
            file.write(one)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [line["employee_id"] for line in lines] == ["e-0", "e-1", "e-2"]
    first = lines[0]
    assert (first["html"], first["text"]) == (mails[0].html, mails[0].text)
    assert first["subject"] == mails[0].subject.text
    assert first["headers"] == {
        "List-Unsubscribe": f"<{mails[0].unsubscribe_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert first["items"][1] == {
        "content_id": "talk", "rendition_id": "talk-film", "format": "video", "section": "news",
        "position": 2, "slot_type": "personal", "propensity": 0.25, "rendition_propensity": 0.5,
        "reasons": ["topic_you_read"], "est_minutes": None, "is_alternate": False,
    }  # fmt: skip


def test_a_sheet_holds_what_a_mail_merge_needs(mails: list[Rendered], tmp_path: Path) -> None:
    path = tmp_path / "mails.csv"
    with opened(path) as file:
        for one in mails:
            file.write(one)
    with path.open(encoding="utf-8", newline="") as read:
        rows = list(csv.DictReader(read))
    assert [row["html"] for row in rows] == [one.html for one in mails]
    assert rows[2]["view_url"] == mails[2].view_url


def test_a_file_appears_whole_or_not_at_all(mails: list[Rendered], tmp_path: Path) -> None:
    path = tmp_path / "mails.jsonl"
    broken = [mails[0], None]
    with pytest.raises(TypeError), opened(path) as file:
        list(map(file.write, broken))  # type: ignore[arg-type]
    assert list(tmp_path.glob("mails*")) == []


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"neither \.jsonl nor \.csv"), \
            opened(tmp_path / "mails.xlsx"):  # fmt: skip
        pass
