"""What Ground Truth calls before and after the workers."""

from dataclasses import asdict
from pathlib import Path

import dagster as dg

from assets.records import OWNERS, publish
from resources.functions import Functions
from resources.loop import Loop
from resources.object_store import ObjectStore
from resources.roles import Roles

LAMBDAS = Path(__file__).resolve().parents[1] / "lambdas"


@dg.asset(group_name="labeling", kinds={"lambda", "python"}, owners=OWNERS, code_version="1")
def labeling_functions(
    loop: dg.ResourceParam[Loop], store: ObjectStore, roles: Roles, functions: Functions
) -> dg.MaterializeResult:
    """The two Lambda functions of a labeling job, deployed from `lambdas/`.

    The pre-annotation function turns a manifest line into a worker's task; the consolidation function makes
    one label of several workers' answers. They are updated only when their code changed.
    """
    role = roles.ensure(loop.role_name, loop.bucket)
    deployed = {
        kind: functions.deploy(function_name(loop, kind), LAMBDAS / kind, role)
        for kind in ("pre_annotation", "consolidation")
    }
    record = {kind: asdict(function) for kind, function in deployed.items()}
    changed = [function["name"] for function in record.values() if function.pop("deployed")]
    return publish(
        store,
        loop,
        "labeling_functions",
        record | {"role": role},
        metadata={
            "deployed_now": len(changed),
            **{kind: function.arn for kind, function in deployed.items()},
            **{f"{kind}_sha256": function.sha256 for kind, function in deployed.items()},
        },
    )


def function_name(loop: Loop, kind: str) -> str:
    """With SageMaker in the name, for which AWS's managed execution policy allows the call."""
    return f"{loop.slug}-SageMaker-{kind.replace('_', '-')}"
