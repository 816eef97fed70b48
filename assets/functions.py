"""What Ground Truth calls before and after the workers."""

from dataclasses import asdict
from pathlib import Path

import dagster as dg

from assets.function_versions import note_deployments
from assets.records import OWNERS, publish
from resources.functions import FunctionFailed, Functions
from resources.loop import Loop
from resources.object_store import ObjectStore
from resources.roles import Roles

LAMBDAS = Path(__file__).resolve().parents[1] / "lambdas"
CONSOLIDATION_MEGABYTES = 2048  # nine masks of 100 megapixels take 1.4 GB


@dg.asset(group_name="labeling", kinds={"lambda", "python"}, owners=OWNERS, code_version="2")
def labeling_functions(
    loop: dg.ResourceParam[Loop], store: ObjectStore, roles: Roles, functions: Functions
) -> dg.MaterializeResult:
    """The two Lambda functions of a labeling job, deployed from `lambdas/`.

    The pre-annotation function turns a manifest line into a worker's task; the consolidation function makes
    one label of several workers' answers, in the way that `labeling.consolidation` names. They are updated
    only when their code or settings changed.
    """
    role = roles.ensure(loop.role_name, loop.bucket)
    settings = {
        "pre_annotation": {},
        "consolidation": {
            "layers": loop.functions.layers,
            "megabytes": CONSOLIDATION_MEGABYTES,
            "variables": consolidation_variables(loop),
        },
    }
    deployed = {
        kind: functions.deploy(function_name(loop, kind), LAMBDAS / kind, role, **settings[kind])
        for kind in settings
    }
    if loop.label_form == "semantic_segmentation":
        check_masks_can_be_read(functions, deployed["consolidation"].name)
    note_deployments(store, loop, deployed.values())
    record = {kind: asdict(function) for kind, function in deployed.items()}
    for function in record.values():
        del function["modified"]  # a record holds no time
    changed = [function["name"] for function in record.values() if function.pop("deployed")]
    return publish(
        store,
        loop,
        "labeling_functions",
        record | {"role": role},
        metadata={
            "deployed_now": len(changed),
            "labels_made_by": loop.labeling.consolidation,
            **{kind: function.arn for kind, function in deployed.items()},
            **{f"{kind}_sha256": function.sha256 for kind, function in deployed.items()},
        },
    )


def consolidation_variables(loop: Loop) -> dict[str, str]:
    """The consolidation function's environment: Ground Truth's events hold nothing of a loop's settings."""
    if loop.labeling.consolidation == "votes":
        return {}
    return {
        "CONSOLIDATION": loop.labeling.consolidation,
        "WORKER_PROFILES": loop.uri("labeling/worker-profiles.json"),
    }


def check_masks_can_be_read(functions: Functions, name: str) -> None:
    """Ask the function before people work: without its layer, every mask that they draw would fail."""
    try:
        functions.invoke(name, {"check": "masks"})
    except FunctionFailed as problem:
        raise dg.Failure(str(problem), allow_retries=False) from problem


def function_name(loop: Loop, kind: str) -> str:
    """With SageMaker in the name, for which AWS's managed execution policy allows the call."""
    return f"{loop.slug}-SageMaker-{kind.replace('_', '-')}"
