"""What every part of a loop's file has in common."""

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Unknown fields are errors: a misspelt setting must not be a default in disguise."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)
