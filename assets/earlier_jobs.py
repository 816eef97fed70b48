"""What earlier jobs of the loop took, as SageMaker remembers them: the ground of every expectation."""

from collections.abc import Iterator
from typing import Any

from resources.estimates import Earlier, EarlierLabeling, billed_seconds, same_training, same_transform
from resources.ground_truth import GroundTruth
from resources.loop import Loop
from resources.object_store import ObjectStore
from resources.sagemaker_jobs import TrainingJobs, TransformJobs

MOST = 5  # jobs that are looked at


def earlier_labelings(ground_truth: GroundTruth, loop: Loop) -> Iterator[EarlierLabeling]:
    for job in ground_truth.completed(f"{loop.slug}-labels-", MOST):
        if job.created and job.workers:
            yield EarlierLabeling((job.modified - job.created).total_seconds(), job.labeled * job.workers)


def earlier_trainings(
    store: ObjectStore, training_jobs: TrainingJobs, loop: Loop, request: dict[str, Any]
) -> Iterator[Earlier]:
    """Those like the one that ``request`` asks for."""
    for job in training_jobs.completed(f"{loop.slug}-train-", MOST):
        if same_training(job, request):
            [train] = [channel for channel in job["InputDataConfig"] if channel["ChannelName"] == "train"]
            try:
                manifest = store.read(train["DataSource"]["S3DataSource"]["S3Uri"])
            except FileNotFoundError:
                continue
            yield Earlier(billed_seconds(job), len(manifest.splitlines()))


def earlier_transforms(
    store: ObjectStore, transform_jobs: TransformJobs, loop: Loop, request: dict[str, Any]
) -> Iterator[Earlier]:
    """Those on the same instances. Their manifests are lists: a prefix, and then the images."""
    for job in transform_jobs.completed(f"{loop.slug}-transform-", MOST):
        if same_transform(job, request):
            try:
                images = store.read_json(job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"])
            except FileNotFoundError:
                continue
            yield Earlier(billed_seconds(job), len(images) - 1)
