"""AWS's own functions, which labeling jobs name by the ARN of an account of AWS: where their code is."""

from pathlib import Path

from localaws.groundtruth.task_types import TASK_TYPES

LAMBDAS = Path(__file__).resolve().parents[1] / "lambdas"

GROUND_TRUTH_FUNCTIONS = {f"PRE-{task}": LAMBDAS / "pre_annotation" for task in TASK_TYPES}
GROUND_TRUTH_FUNCTIONS |= {f"ACS-{task}": LAMBDAS / "consolidation" for task in TASK_TYPES}
