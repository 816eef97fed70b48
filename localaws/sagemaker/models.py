"""Models and endpoint configurations: documents only, checked when they are made."""

from localaws.sagemaker.capture import enabled
from localaws.sagemaker.documents import Documents, Kind
from localaws.sagemaker.preconditions import Preconditions, invalid

MODEL = Kind(
    "Model",
    "model",
    missing='Could not find model "{arn}".',
    taken='Cannot create already existing model "{arn}".',
)
ENDPOINT_CONFIG = Kind(
    "EndpointConfig",
    "endpoint-config",
    missing='Could not find endpoint configuration "{arn}".',
    taken='Cannot create already existing endpoint configuration "{arn}".',
)

# Parameters that would change what an endpoint does, refused rather than passed over.
CONFIG_NOT_IN_THE_STAND_IN = ("AsyncInferenceConfig", "ExplainerConfig", "ShadowProductionVariants")
VARIANT_NOT_IN_THE_STAND_IN = (
    "ServerlessConfig",
    "AcceleratorType",
    "ManagedInstanceScaling",
    "RoutingConfig",
)


class Models:
    def __init__(self, documents: Documents, preconditions: Preconditions):
        self.documents = documents
        self.preconditions = preconditions

    def CreateModel(self, params: dict) -> dict:
        self.documents.refuse_taken(params["ModelName"])
        containers = params.get("Containers", []) + [
            params[key] for key in ("PrimaryContainer",) if key in params
        ]
        if len(containers) != 1:
            raise invalid(
                f"a model of {len(containers)} containers is not implemented by the stand-in: give one, as "
                "PrimaryContainer"
            )
        role = params.get("ExecutionRoleArn")
        if not role:
            raise invalid("ExecutionRoleArn is required to create a model")
        if params.get("EnableNetworkIsolation"):
            raise invalid("EnableNetworkIsolation is not implemented by the stand-in")
        check_container(containers[0])
        self.preconditions.role(role)
        for uri in model_data_of(containers[0]):
            self.preconditions.model_data(uri, role)
        return self.documents.add(params)

    def DescribeModel(self, params: dict) -> dict:
        return self.documents.get(params["ModelName"])

    def ListModels(self, params: dict) -> dict:
        return self.documents.list(params, "Models")

    def DeleteModel(self, params: dict) -> None:
        self.documents.delete(params["ModelName"])

    def container(self, name: str) -> dict:
        """The one container of a model. Raises AwsError where there is no such model."""
        model = self.documents.get(name)
        return model.get("PrimaryContainer") or model["Containers"][0]


class EndpointConfigs:
    def __init__(self, documents: Documents, models: Models):
        self.documents = documents
        self.models = models

    def CreateEndpointConfig(self, params: dict) -> dict:
        self.documents.refuse_taken(params["EndpointConfigName"])
        for name in CONFIG_NOT_IN_THE_STAND_IN:
            if params.get(name):
                raise invalid(f"{name} is not implemented by the stand-in")
        if capture := enabled(params.get("DataCaptureConfig")):
            if capture.get("KmsKeyId"):
                raise invalid("DataCaptureConfig.KmsKeyId is not implemented by the stand-in")
            uri = capture["DestinationS3Uri"]
            self.models.preconditions.bucket(uri, "DataCaptureConfig.DestinationS3Uri")
        variants = params["ProductionVariants"]
        names = [variant["VariantName"] for variant in variants]
        if len(set(names)) != len(names):
            raise invalid(f"ProductionVariants: variant names must be unique: {', '.join(names)}")
        for variant in variants:
            check_variant(variant)
            self.models.documents.get(variant["ModelName"])
        if not any(variant.get("InitialVariantWeight", 1.0) > 0 for variant in variants):
            raise invalid("ProductionVariants: at least one InitialVariantWeight must be greater than 0")
        return self.documents.add(params)

    def DescribeEndpointConfig(self, params: dict) -> dict:
        return self.documents.get(params["EndpointConfigName"])

    def ListEndpointConfigs(self, params: dict) -> dict:
        return self.documents.list(params, "EndpointConfigs")

    def DeleteEndpointConfig(self, params: dict) -> None:
        self.documents.delete(params["EndpointConfigName"])


def check_container(container: dict) -> None:
    if not container.get("Image"):
        raise invalid("PrimaryContainer.Image is required by the stand-in, which makes no model of a package")
    if container.get("Mode", "SingleModel") != "SingleModel":
        raise invalid(f"PrimaryContainer.Mode {container['Mode']} is not implemented by the stand-in")
    source = container.get("ModelDataSource", {}).get("S3DataSource")
    if source and container.get("ModelDataUrl"):
        raise invalid("PrimaryContainer: give ModelDataUrl or ModelDataSource, not both")
    if source and (source["CompressionType"], source["S3DataType"]) not in (
        ("None", "S3Prefix"),
        ("Gzip", "S3Object"),
    ):
        raise invalid(
            "PrimaryContainer.ModelDataSource: the stand-in reads an S3Prefix without compression or one "
            f"S3Object with Gzip, not {source['S3DataType']} with {source['CompressionType']}"
        )


def model_data_of(container: dict) -> list[str]:
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    return [uri for uri in (container.get("ModelDataUrl"), source.get("S3Uri")) if uri]


def check_variant(variant: dict) -> None:
    where = f"ProductionVariants, variant {variant['VariantName']}"
    for name in VARIANT_NOT_IN_THE_STAND_IN:
        if variant.get(name):
            raise invalid(f"{where}: {name} is not implemented by the stand-in")
    if not variant.get("ModelName"):
        raise invalid(f"{where}: ModelName is required by the stand-in, which has no inference components")
    if not variant.get("InstanceType"):
        raise invalid(f"{where}: InstanceType is required")
    if variant.get("InitialInstanceCount", 0) < 1:
        raise invalid(f"{where}: InitialInstanceCount must be at least 1")
