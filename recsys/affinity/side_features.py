"""What is known of employees and contents before anybody reads: one-hot attribute rows."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import scipy.sparse as sp

__all__ = ["normalise_rows", "one_hot"]


def one_hot(frame: pd.DataFrame, columns: Sequence[str]) -> sp.csr_array:
    """Return attribute rows: float32 CSR, shape (len(frame), n_distinct (column, value) pairs).

    A value with ``;`` is a list and sets one feature per part. Missing and empty values set none;
    a row may be empty. Features are ordered by column, then value.
    """
    blocks = [_one_hot_column(frame[name]) for name in columns]
    empty = sp.csr_array((len(frame), 0), dtype=np.float32)
    return sp.csr_array(sp.hstack([empty, *blocks], format="csr", dtype=np.float32))


def _one_hot_column(column: "pd.Series[str]") -> sp.csr_array:
    parts = column.reset_index(drop=True).dropna().str.split(";").explode().str.strip()
    parts = parts[parts != ""]
    codes, values = pd.factorize(parts, sort=True)
    rows = parts.index.to_numpy()
    shape = (len(column), len(values))
    block = sp.coo_array((np.ones(len(rows), np.float32), (rows, codes)), shape=shape).tocsr()
    block.data[:] = 1.0  # a part named twice in one list is one feature
    return block


def normalise_rows(features: sp.csr_array) -> sp.csr_array:
    """Return a float32 CSR whose rows have l2 length 1; an empty row stays empty."""
    squares = np.asarray(features.multiply(features).sum(axis=1)).ravel()
    length = np.sqrt(squares)
    scale = np.divide(1.0, length, out=np.zeros_like(length), where=length > 0)
    return sp.csr_array(features.multiply(scale[:, None]), dtype=np.float32)
