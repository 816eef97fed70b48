"""Which models may serve: what the loop enters in the model registry, and what it reads there."""

from collections.abc import Mapping

import dagster as dg

from assets.gate import AgainstLive
from assets.live_model import live_model
from assets.records import read_record
from resources.loop import Loop
from resources.model_registry import APPROVED, PENDING, REJECTED, ModelPackage, ModelRegistry
from resources.object_store import ObjectStore
from vision.measures import Measures


def register(
    registry: ModelRegistry,
    store: ObjectStore,
    loop: Loop,
    result: Measures,
    test: str,
    compared: AgainstLive,
    more: Mapping[str, str],
) -> ModelPackage:
    """Enter the model as a version of the loop's model package group; ``test`` names the test split, ``more``
    are notes from its card.
    """
    metrics = store.write_json(
        loop.uri(f"evaluations/{compared.model}-{test[:12]}-metrics.json"), result.as_dict()
    )
    notes = {
        **{name: f"{value:.4f}" for name, value in result.headline().items()},
        "images": str(result.images),
        "test_split": test,
        **more,
    }
    decision = decide(
        worse=compared.is_worse(loop.gate), live=compared.is_live, auto_approve=loop.auto_approve
    )
    return registry.register(loop, compared.model, decision=decision, metrics_uri=metrics, notes=notes)


def decide(*, worse: bool, live: bool, auto_approve: bool) -> str:
    """The loop's own decision. A model that serves already is not put up for approval again."""
    if worse:
        return REJECTED
    return APPROVED if live or auto_approve else PENDING


def require_approval(registry: ModelRegistry, loop: Loop, model: str) -> ModelPackage:
    """The approved version of this model. Raises dg.Failure that says what to do when it is not approved."""
    package = registry.find(loop, model)
    if package is None:
        raise dg.Failure(
            f"Materialize evaluation first: {model} is not in the model registry.", allow_retries=False
        )
    if package.status == APPROVED:
        return package
    why = (
        f"waits for approval: `auto_approve` is {str(loop.auto_approve).lower()} in the loop's file"
        if package.status == PENDING
        else "was rejected by a person"
        if package.by_hand
        else "is worse than the live model, see the check not_worse_than_live of evaluation"
    )
    raise dg.Failure(
        f"Version {package.version} of {loop.slug} in the model registry {why}. To deploy {model}, approve "
        f"it: aws sagemaker update-model-package --model-package-arn {package.arn} "
        "--model-approval-status Approved",
        metadata={"model_package": package.arn, "status": package.status},
        allow_retries=False,
    )


def approved_by_hand(registry: ModelRegistry, store: ObjectStore, loop: Loop) -> ModelPackage | None:
    """The version of the newest model, if a person has approved it and it is not live yet."""
    model = read_record(store, loop, "trained_model")["model"]
    package = registry.find(loop, model)
    if package is None or package.status != APPROVED or not package.by_hand:
        return None
    live = live_model(store, loop)
    return None if live and live["model"] == model else package
