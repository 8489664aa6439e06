"""From definitions to a plan: instances, paths, shapes, dtypes, initialisers, collections."""

from rnndsl.elaborate.model import elaborate
from rnndsl.elaborate.settings import SettingError

__all__ = ["SettingError", "elaborate"]
