r"""Uncaught exceptions of C++, and reports of the address, leak and other sanitizers.

Sample: ``terminate called after throwing an instance of 'std::runtime_error'``, ``  what():  closed``;
``==7==ERROR: AddressSanitizer: heap-use-after-free …``, ``    #0 0x4f1 in add cart.cc:7``, ``==7==ABORTING``. Format:
libsupc++ (vterminate.cc); "AddressSanitizer", clang.llvm.org.
"""

from __future__ import annotations

from typing import Final

from streams.core.multiline.lines import BLANK, TEXT
from streams.core.multiline.rules import Head, Language, Next

LANGUAGE: Final = Language(
    heads=(
        Head(b"t", rb"terminate called ", "cpp.terminate"),
        Head(b"=", rb"==\d++==\s?ERROR: \w++(?<=Sanitizer): ", "cpp.sanitizer"),
    ),
    places={
        "cpp.terminate": (
            Next(rb"  what\(\): ", "cpp.end"),
            Next(rb"terminate called recursively", "cpp.terminate"),
        ),
        "cpp.sanitizer": (
            Next(
                rb" ++#\d++ 0x|SUMMARY: | *+(?:=>)?+0x[0-9a-f]++:|  \S|={2}\d++={2}(?!\s?ERROR|ABORTING)",
                "cpp.sanitizer",
            ),
            Next(rb"==\d++==ABORTING", "cpp.end"),
            Next(BLANK, "cpp.sanitizer", sure=False),
            Next(TEXT, "cpp.sanitizer", sure=False),
        ),
        "cpp.end": (),
    },
)
