"""Where people's mail goes: a file that is read when mails are sent, and kept nowhere."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from recsys.errors import DatasetError

__all__ = ["AddressBook", "read_addresses"]

_COLUMNS = ("employee_id", "email")
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
"""Local parts without quotes, domains in ASCII: no character that means something in a header or
to a mail server. A domain in other letters is written as its ``xn--`` form."""
_LONGEST = 254


@dataclass(frozen=True, slots=True)
class AddressBook:
    """Addresses by employee id."""

    addresses: Mapping[str, str] = field(repr=False)
    bad_lines: tuple[int, ...]
    """Lines of the file with an address that cannot be written to, or without an id."""


def read_addresses(path: Path) -> AddressBook:
    """Read a CSV file (UTF-8, with or without BOM) with the columns ``employee_id`` and ``email``.

    Other columns are ignored. Of several lines for a person the last good one counts. A bad line is
    counted by its number and never shown: what is wrong in it may be somebody's address.

    Raises
    ------
    DatasetError
        When the file cannot be read as UTF-8 or lacks one of the two columns.
    """
    addresses: dict[str, str] = {}
    bad_lines = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise DatasetError(
                    f"{path} has no column {' and no column '.join(missing)}; the first line of an "
                    "address book is employee_id,email"
                )
            for row in rows:
                employee_id, email = ((row[name] or "").strip() for name in _COLUMNS)
                if employee_id and len(email) <= _LONGEST and _ADDRESS.fullmatch(email):
                    addresses[employee_id] = email
                else:
                    bad_lines.append(rows.line_num)
    except (UnicodeDecodeError, csv.Error):
        raise DatasetError(
            f"{path} is not a CSV file in UTF-8; save the address book as CSV UTF-8"
        ) from None
    return AddressBook(addresses, tuple(bad_lines))
