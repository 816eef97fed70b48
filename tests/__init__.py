"""A package, because a dependency of the SageMaker SDK installs one of the same name."""
