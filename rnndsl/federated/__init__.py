"""Federated training of an artefact, which needs nothing else than it, TensorFlow and NumPy.

Collections say what is averaged, what a client keeps and what is never sent: `rnndsl.federated.sharing`.
"""

from rnndsl.federated.averaging import Averaging, averaging

__all__ = ["Averaging", "averaging"]
