"""The labeling service standing alone: SageMaker's labeling operations and the portal, all else elsewhere."""
