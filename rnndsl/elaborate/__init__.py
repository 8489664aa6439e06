"""From definitions to a plan: instances, paths, shapes, dtypes, initialisers, collections."""

from rnndsl.elaborate.model.entry import elaborate, layouts
from rnndsl.elaborate.model.settings import SettingError

__all__ = ["SettingError", "elaborate", "layouts"]
