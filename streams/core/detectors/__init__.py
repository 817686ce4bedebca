"""What redaction looks for, by the names that settings use. One more is one file and one line here.

Tokens come first: an e-mail address in a password belongs to the password.
"""

from collections.abc import Mapping
from typing import Final

from streams.core.detectors import base64, card, email, iban, ip, token
from streams.core.detectors.detected import Detector

DETECTORS: Final[Mapping[str, Detector]] = {
    "token": token.DETECTOR,
    "email": email.DETECTOR,
    "card": card.DETECTOR,
    "iban": iban.DETECTOR,
    "ip": ip.DETECTOR,
    "base64": base64.DETECTOR,
}
