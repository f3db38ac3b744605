import subprocess
import sys
from pathlib import Path

import pytest

from recsys.affinity.lightfm_import import import_lightfm, repaired
from recsys.affinity.lightfm_probe import lightfm_status

NAMES = b"\0malloc\0__log_finite\0__exp_finite\0free\0"


def test_retired_names_are_replaced_without_moving_anything() -> None:
    cured = repaired(b"code" + NAMES + b"more code")
    assert cured is not None
    assert len(cured) == len(b"code" + NAMES + b"more code")
    assert cured.index(b"\0free\0") == (b"code" + NAMES).index(b"\0free\0")
    assert b"\0log\0" in cured
    assert b"\0exp\0" in cured
    assert b"_finite" not in cured


def test_a_library_without_them_needs_no_cure() -> None:
    assert repaired(b"\0log\0exp\0my__log_finite_name\0") is None


def test_an_absent_package_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ImportError, match="lightfm is not installed"):
        import_lightfm()


def test_what_is_installed_is_not_changed() -> None:
    if not lightfm_status().usable:
        pytest.skip(str(lightfm_status().reason))
    folder = Path(str(import_lightfm().__file__)).parent
    before = {path.name: path.read_bytes() for path in folder.glob("*.so")}
    script = "from recsys.affinity.lightfm_import import import_lightfm; import_lightfm().LightFM()"
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True)
    assert {path.name: path.read_bytes() for path in folder.glob("*.so")} == before
