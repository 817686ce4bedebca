"""What a producer reads: one model for each type of input. One more is a file and a line here."""

from typing import Annotated, TypeAlias

from pydantic import Field

from schemas.settings.inputs.files import ContainerFilesInput, DockerFilesInput, FilesInput

Input: TypeAlias = Annotated[ContainerFilesInput | DockerFilesInput | FilesInput, Field(discriminator="type")]

__all__ = ["ContainerFilesInput", "DockerFilesInput", "FilesInput", "Input"]
