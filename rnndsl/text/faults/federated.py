"""Federated training: what is averaged, the files of its clients, what an engine hands over."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from rnndsl.text.fault import Fault
from rnndsl.text.wording import counted, did_you_mean, quoted


def no_train(name: str | None, known: Sequence[str]) -> Fault:
    """`name`: the one that is wanted, if one was named."""
    if name is None:
        return Fault("nothing trains the model", "write `train NAME = sgd()` into it")
    return Fault(f"no `train {name}`", did_you_mean(name, known) or f"there are {', '.join(known) or 'none'}")


def which_train(known: Sequence[str]) -> Fault:
    return Fault(f"there are the trainings {', '.join(known)}", f'choose one: train="{known[0]}"')


def nothing_averaged(signature: str) -> Fault:
    return Fault(f"`{signature}` changes nothing that clients could share: each variable is personal, local or of whole numbers")


def nameless() -> Fault:
    return Fault("a client has a name: its file is called so")


def twice(client: str, number: int) -> Fault:
    return Fault(f"the client `{client}` takes part twice in round {number}")


def no_examples(number: int) -> Fault:
    return Fault(f"no client has an example in round {number}: there is nothing to average")


def not_finite(client: str, path: str) -> Fault:
    return Fault(f"the client `{client}` made `{path}` infinite or no number", "look for it in its data, or lower the rate")


def other_run(path: PurePath, differing: Sequence[str]) -> Fault:
    """`differing`: what is not as it was, in words."""
    return Fault(f"`{path}` is of a run of which {' and '.join(differing)} differed", "give what it had, or another folder")


def ahead(path: PurePath, theirs: int, number: int) -> Fault:
    return Fault(f"`{path}` is of round {theirs}, and this is round {number}", "what was averaged since is elsewhere, or lost")


def trains(signature: str) -> Fault:
    return Fault(f"`{signature}` trains, and what it changes here is kept nowhere", "clients train in a round")


# ---------------------------------------------------------------- engines


def arrays(given: int, paths: Sequence[str]) -> Fault:
    return Fault(f"{counted(given, 'array')} came for {counted(len(paths), 'variable')}: {quoted(paths)}")


def personal(paths: Sequence[str]) -> Fault:
    kept = f"{quoted(paths)} would have to be kept by each client, and a client of TensorFlow Federated keeps nothing"
    return Fault(kept, "freeze it, or take it out of its collection")


def not_updated(paths: Sequence[str]) -> Fault:
    """A warning."""
    return Fault(f"updates of {quoted(paths)} do not happen in TensorFlow Federated: what they are in the artefact, they stay")


def needs(package: str, what: str) -> Fault:
    return Fault(f"{what} is not installed", f"pip install {package}")
