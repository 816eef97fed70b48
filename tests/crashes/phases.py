"""What a loop is doing right now, and what must be true of it when it is done, by AWS's API alone."""

import time
from collections.abc import Callable

LOOP = "tiny"
PATIENCE = 400.0  # seconds; a deadline for the test, never a measure


def wait_until(
    condition: Callable[[], object], what: str, patience: float = PATIENCE, pause: float = 0.05
) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"waited {patience:g} s for {what}"
        time.sleep(pause)


class Phases:
    """The four phases of a loop, seen from outside; ``client`` makes boto3 clients."""

    def __init__(self, client: Callable):
        self.sagemaker = client("sagemaker")
        self.conditions = {
            "labeling": self.labeling,
            "training": self.training,
            "transform": self.transforming,
            "serving": self.creating,
        }

    def wait_for(self, phase: str, alive: Callable[[], bool]) -> None:
        """Returns in the middle of the phase; fails if the program that works towards it has ended."""

        def reached() -> bool:
            assert alive(), f"the loop ended before the phase {phase} was seen"
            return self.conditions[phase]()

        wait_until(reached, f"the phase {phase}")

    def labeling(self) -> bool:
        return bool(self.labeling_jobs("InProgress"))

    def training(self) -> bool:
        jobs = self.sagemaker.list_training_jobs(StatusEquals="InProgress")["TrainingJobSummaries"]
        return any(self.secondary_status(job["TrainingJobName"]) == "Training" for job in jobs)

    def secondary_status(self, name: str) -> str:
        return self.sagemaker.describe_training_job(TrainingJobName=name)["SecondaryStatus"]

    def trainings(self) -> list[str]:
        """Status and failure reason of every training job, the newest first."""
        names = [
            job["TrainingJobName"] for job in self.sagemaker.list_training_jobs()["TrainingJobSummaries"]
        ]
        jobs = [self.sagemaker.describe_training_job(TrainingJobName=name) for name in names]
        return [f"{job['TrainingJobStatus']}: {job.get('FailureReason')}" for job in jobs]

    def transforming(self) -> bool:
        return bool(self.sagemaker.list_transform_jobs(StatusEquals="InProgress")["TransformJobSummaries"])

    def creating(self) -> bool:
        return bool(self.sagemaker.list_endpoints(StatusEquals="Creating")["Endpoints"])

    def labeling_jobs(self, status: str | None = None) -> list[dict]:
        options = {"StatusEquals": status} if status else {}
        return self.sagemaker.list_labeling_jobs(**options)["LabelingJobSummaryList"]

    def assert_done_once(self, images: int) -> None:
        """Every image labeled, no job doubled, all of them completed, the endpoint in service."""
        (labeling,) = self.labeling_jobs()
        assert labeling["LabelingJobStatus"] == "Completed"
        assert labeling["LabelCounters"]["HumanLabeled"] == images
        assert self.trainings() == ["Completed: None"]
        transforms = self.sagemaker.list_transform_jobs()["TransformJobSummaries"]
        assert transforms and {job["TransformJobStatus"] for job in transforms} == {"Completed"}
        # A second attempt at the same inputs would have a number behind the hash.
        assert all(job["TransformJobName"].count("-") == 2 for job in transforms)
        (endpoint,) = self.sagemaker.list_endpoints()["Endpoints"]
        assert endpoint["EndpointStatus"] == "InService"
        assert len(self.sagemaker.list_models()["Models"]) == 1
        assert len(self.sagemaker.list_endpoint_configs()["EndpointConfigs"]) == 1
