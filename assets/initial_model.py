"""What a training begins with: nothing, or the weights of the model that was live."""

import io
import json
import tarfile
from dataclasses import dataclass

from assets.live_model import live_model
from resources.aws import Aws
from resources.loop import Loop
from resources.object_store import ObjectStore
from resources.served_model import ServedModel, Untraceable, served_model

WEIGHTS = "weights.pt"  # in the artifacts of detector/pretrained.py
SHAPE = ("base_width", "backbone")  # the hyperparameters without which weights do not fit


@dataclass(frozen=True)
class InitialModel:
    """``artifact`` is None for a training from scratch; ``note`` says in words what was chosen, and why."""

    artifact: str | None
    note: str


SCRATCH = InitialModel(None, "nothing: training.init_from is none")


def initial_model(store: ObjectStore, loop: Loop, aws: Aws, content: str) -> InitialModel:
    """What the trainings on this version of the train split, given by its ``content``, begin with.

    It is chosen the first time and kept. Were it chosen anew each time, every deployment would ask for
    another training: the new model would be live, so the next training would have other inputs.
    """
    if loop.training.init_from == "none":
        return SCRATCH
    uri = loop.uri(f"initial_models/{content[:12]}.json")
    try:
        kept = store.read_json(uri)
    except FileNotFoundError:
        chosen = choose(store, loop, aws)
        store.write_json(uri, {"artifact": chosen.artifact, "note": chosen.note})
        return chosen
    return InitialModel(kept["artifact"], kept["note"])


def choose(store: ObjectStore, loop: Loop, aws: Aws) -> InitialModel:
    """The live model, unless there is none or no training of this loop can go on from it."""
    if live_model(store, loop) is None:
        return InitialModel(None, "nothing: no model was live yet")
    try:
        served = served_model(aws, loop.endpoint_name)
    except Untraceable as missing:
        return InitialModel(None, f"nothing: {missing.description}")
    if problem := obstacle(store, loop, served):
        return InitialModel(None, f"nothing: the live model {served.model} {problem}")
    return InitialModel(served.artifact, f"the live model {served.model}")


def obstacle(store: ObjectStore, loop: Loop, served: ServedModel) -> str | None:
    """Why the model cannot be begun with; None if it can."""
    for name in SHAPE:
        before = json.loads(served.hyperparameters.get(name, "null"))
        now = loop.training.hyperparameters.get(name)
        if str(before) != str(now):
            return f"has {name} {before or 'by default'}, the loop's file says {now or 'nothing'}"
    try:
        body = store.read(served.artifact)
    except FileNotFoundError:
        return f"has no artifact any more: {served.artifact} was deleted"
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        held = {name.removeprefix("./") for name in archive.getnames()}
    return None if WEIGHTS in held else f"holds no {WEIGHTS}: an earlier version of the detector trained it"
