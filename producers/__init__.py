"""Node side: inputs to logs.raw. Bytes stay raw; framing, joining and parsing belong to streams."""
