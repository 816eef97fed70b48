"""S3 on a folder: durable, streaming, versioned, path-style. ``S3(home)`` is the ASGI application."""

from .application import S3

__all__ = ["S3"]
