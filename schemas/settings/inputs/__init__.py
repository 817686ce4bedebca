"""What a producer reads: one model for each type of input. One more is a file and a line here."""

from typing import Annotated, TypeAlias

from pydantic import Field

from schemas.settings.inputs.files import ContainerFilesInput, DockerFilesInput, FilesInput
from schemas.settings.inputs.forward import ForwardInput
from schemas.settings.inputs.http import HttpInput
from schemas.settings.inputs.journald import JournaldInput
from schemas.settings.inputs.syslog import SyslogInput

Input: TypeAlias = Annotated[
    ContainerFilesInput | DockerFilesInput | FilesInput | ForwardInput | HttpInput | JournaldInput | SyslogInput,
    Field(discriminator="type"),
]

__all__ = [
    "ContainerFilesInput",
    "DockerFilesInput",
    "FilesInput",
    "ForwardInput",
    "HttpInput",
    "Input",
    "JournaldInput",
    "SyslogInput",
]
