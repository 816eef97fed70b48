"""Predictions of many images at once: a SageMaker transform job, named by the model and the images."""

from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg

from assets.costs import Costs
from assets.earlier_jobs import earlier_transforms
from resources.estimates import Estimate, job_cost, transform_estimate
from resources.loop import Loop
from resources.names import content_hash, job_name
from resources.object_store import ObjectStore
from resources.sagemaker_jobs import TransformJobs
from resources.sagemaker_requests import transform_job_request


def asked_once(
    store: ObjectStore,
    loop: Loop,
    model: str,
    etags: Mapping[str, str],
    ask: Callable[[], dict[str, Any]],
) -> tuple[str, dict[str, Any]]:
    """Where the model's answers about these images are kept, and they: ``ask`` is called the first time.

    New labels on the same images need no new answers: they are kept by model and images alone.
    """
    images = content_hash(sorted(etags.items()))[:12]
    uri = loop.uri(f"evaluations/{model}-{images}.json")
    try:
        return uri, store.read_json(uri)
    except FileNotFoundError:
        kept = ask()
        store.write_json(uri, kept)
        return uri, kept


def transform(
    store: ObjectStore,
    loop: Loop,
    transform_jobs: TransformJobs,
    model: str,
    etags: Mapping[str, str],
    log: Callable[[str], None],
    costs: Costs | None = None,
) -> tuple[str, dict[str, bytes]]:
    """The job's name, and the model's answer for each image; ``etags`` gives the images' versions by URI.

    All images lie in the loop's bucket. Whoever asks the same model about the same images shares the job.
    Raises dg.Failure for a job that is expected to cost too much; ``costs`` gets what it did cost.
    """
    costs = costs or Costs(loop, log)
    bucket = f"s3://{loop.bucket}/"
    keys = [uri.removeprefix(bucket) for uri in sorted(etags)]
    name = job_name(loop.name, "transform", {"model": model, "images": sorted(etags.items())})
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html
    manifest = [{"prefix": bucket}, *keys]
    request = transform_job_request(
        loop,
        name=name,
        model=model,
        manifest_uri=store.write_json(
            loop.uri(f"transform/images-{content_hash(manifest)[:12]}.json"), manifest
        ),
        output_uri=loop.uri(f"transform/{name}"),
    )

    def estimate() -> Estimate:
        return transform_estimate(loop, len(keys), earlier_transforms(store, transform_jobs, loop, request))

    job = transform_jobs.run(request, log, costs.permit("transform", estimate))
    costs.add(job["TransformJobName"], job_cost(loop, job))
    output = job["TransformOutput"]["S3OutputPath"].rstrip("/") + "/"
    answers = match_answers(keys, [found.uri.removeprefix(output) for found in store.list(output)])
    missing = sorted(set(keys) - set(answers))
    if missing:
        raise dg.Failure(
            f"Transform job {job['TransformJobName']} gave no answer for {len(missing)} of {len(keys)} "
            f"images, the first is {missing[0]}; its answers are under {output}.",
            allow_retries=False,
        )
    bodies = store.read_all(output + answer for answer in answers.values())
    return job["TransformJobName"], dict(zip((bucket + key for key in answers), bodies, strict=True))


def match_answers(keys: list[str], outputs: list[str]) -> dict[str, str]:
    """Which output (a path under the job's output location) answers which image's key.

    AWS keeps the key, or its end after the prefix of the input, and appends ``.out``.
    """
    answers, known = {}, set(keys)
    for output in outputs:
        path, dot_out, _ = output.rpartition(".out")
        matches = [path] if path in known else [key for key in keys if key.endswith(f"/{path}")]
        if dot_out and len(matches) == 1:
            answers[matches[0]] = output
    return answers
