"""Federated training of an artefact, which needs nothing else than it, TensorFlow and NumPy, and an engine where it is for one.

Collections say what is averaged, what a client keeps and what is never sent: `rnndsl.federated.sharing`.
"""

from rnndsl.federated.averaging import Averaging, averaging
from rnndsl.federated.flower import flower_client
from rnndsl.federated.tff import tff_model

__all__ = ["Averaging", "averaging", "flower_client", "tff_model"]
