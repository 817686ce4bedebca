"""How records are wrapped in the payload of a RawChunk, and what counts as a record's position.

A producer moves bytes as they came; streams take them apart by the framing that the source names.

===========  ======================================================================  ==================================
framing      payload                                                                 position of a record
===========  ======================================================================  ==================================
cri          lines as CRI runtimes write them                                        first byte, from the chunk's offset
docker       lines of Docker's json-file driver, an object each                      first byte, from the chunk's offset
raw          lines of text                                                           first byte, from the chunk's offset
syslog       messages with octet counts (``LENGTH SP MESSAGE``, RFC 6587, 3.4.1)     first byte, from the chunk's offset
journald     entries in the Journal Export Format, each ended by an empty line       its ``__SEQNUM``
forward      MessagePack arrays ``[time, record]``, one after another, as in the     first byte, from the chunk's offset
             PackedForward mode of the Fluentd Forward Protocol v1
otlp         one ``ExportLogsServiceRequest`` (protobuf); the chunk is the whole of  number of the log record in the
             it                                                                      request, from 0
otlp_json    the same in OTLP's JSON encoding                                        as otlp
===========  ======================================================================  ==================================
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

Framing: TypeAlias = Literal["cri", "docker", "raw", "syslog", "journald", "forward", "otlp", "otlp_json"]

FRAMINGS: Final[tuple[Framing, ...]] = get_args(Framing)
