"""The address book."""

from pathlib import Path

import pytest

from recsys.errors import DatasetError
from serving.newsletter.delivery.addresses import read_addresses


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "addresses.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_a_book_as_a_spreadsheet_saves_it(tmp_path: Path) -> None:
    rows = ["name,employee_id,email", "花子,e-1,hanako@example.com", "太郎,e-2, t+x@a.example.jp "]
    text = "\r\n".join(rows)
    book = read_addresses(write(tmp_path, text, "utf-8-sig"))
    assert book.addresses == {"e-1": "hanako@example.com", "e-2": "t+x@a.example.jp"}
    assert book.bad_lines == ()
    assert "hanako" not in repr(book)


@pytest.mark.parametrize(
    "email",
    ["", "nobody", "a@b@example.com", '"a\nBcc: x@example.com"@example.com', "a b@example.com",
     "<a@example.com>", "a@example.com;b@example.com", "あ@example.com", "x" * 65 + "@a.jp",
     "a@" + "b." * 130 + "jp"],
)  # fmt: skip
def test_what_cannot_be_written_to_is_counted_by_its_line(tmp_path: Path, email: str) -> None:
    quoted = '"' + email.replace('"', '""') + '"'
    book = read_addresses(write(tmp_path, f"employee_id,email\ne-1,{quoted}\ne-2,b@example.com\n"))
    assert set(book.addresses) == {"e-2"}
    assert len(book.bad_lines) == 1


def test_the_last_good_line_of_a_person_counts(tmp_path: Path) -> None:
    text = "employee_id,email\ne-1,old@example.com\ne-1,new@example.com\ne-1,\n"
    book = read_addresses(write(tmp_path, text))
    assert (book.addresses, book.bad_lines) == ({"e-1": "new@example.com"}, (4,))


@pytest.mark.parametrize(
    ("text", "encoding", "said"),
    [("id,mail\n1,a@example.com\n", "utf-8", "no column employee_id and no column email"),
     ("", "utf-8", "no column"), ("employee_id,email\n花子,a@example.com\n", "cp932", "UTF-8")],
)  # fmt: skip
def test_another_file_is_refused(tmp_path: Path, text: str, encoding: str, said: str) -> None:
    with pytest.raises(DatasetError, match=said):
        read_addresses(write(tmp_path, text, encoding))
