"""In which order tests run."""

import pytest

_LONGEST = ("tests/test_readme.py", "tests/serving/test_processes.py")
"""Files with tests of a minute and more: begun first, or one process would run them at the end
while the other has nothing left to do."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files of long tests first; all else keeps its order."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONGEST))
