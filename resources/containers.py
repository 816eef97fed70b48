"""Which container images train and serve: AWS's own for PyTorch, by the SageMaker SDK's tables."""

# The newest version for which the SDK's tables list a training and an inference image.
PYTORCH = "2.6.0"


def pytorch_image(scope: str, region: str, instance_type: str) -> str:
    """URI of the deep learning container, with or without GPU as the instance type has it.

    ``scope`` is "training" or "inference". Raises ValueError for a region the tables do not know; the loop's
    file can name an image itself.
    """
    # Seconds and 200 MB to import, and nothing but trained_model needs it.
    from sagemaker.core import image_uris

    try:
        return image_uris.retrieve(
            "pytorch", region, version=PYTORCH, instance_type=instance_type, image_scope=scope
        )
    except ValueError as error:
        raise ValueError(
            f"no PyTorch {PYTORCH} {scope} image for {instance_type} in {region}: "
            f"set `image_uri` in the loop's file ({error})"
        ) from error
