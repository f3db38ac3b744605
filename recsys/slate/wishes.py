"""What employees said they do not want: muted topics, languages they do not read."""

import numpy as np
import numpy.typing as npt

from recsys.catalogue.contents import ContentTable
from recsys.catalogue.preferences import Preferences

__all__ = ["wanted"]


def wanted(
    contents: ContentTable, candidates: npt.NDArray[np.int32], preferences: Preferences
) -> npt.NDArray[np.bool_]:
    """Return bool, shape (n,): not on a muted topic, and in a language the employee reads.

    A content of unknown language is for everybody.
    """
    keep = np.ones(len(candidates), np.bool_)
    muted = [contents.topics_map.index(topic) for topic in preferences.muted_topics]
    muted = [topic for topic in muted if topic >= 0]
    if muted:
        keep &= ~np.isin(contents.topics[candidates], muted).any(axis=1)
    if preferences.languages:
        read = [contents.languages.index(language) for language in preferences.languages]
        language = contents["language"].view(np.int32)[candidates]
        keep &= (language < 0) | np.isin(language, read)
    return keep
