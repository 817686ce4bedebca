r"""The patterns that grok expressions are made of, under the names that Logstash's reference gives them.

Written anew for RE2: it has no look-around and no atomic groups, so a pattern that must not begin or end inside a word
says so by ``\b``, and lengths that nothing depends on are not counted, which keeps the programs small. Letters are
Unicode's. Sources: the grok documentation of Logstash for names and meanings; RFC 4291 (IPv6), RFC 1123 (host names),
RFC 3986 (URIs), RFC 4122 (UUIDs), RFC 8141 (URNs), RFC 3339 and ISO 8601 (times), RFC 3164 (syslog), RFC 5322 (dates of
mail), Apache's mod_log_config (access logs), Java's language specification (names). Fields of whole lines are named as
OpenTelemetry names them; the time is ``timestamp``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_OCTET: Final = r"(?:25[0-5]|2[0-4]\d|1\d\d|0?\d?\d)"
_IPV4: Final = rf"\b{_OCTET}(?:\.{_OCTET}){{3}}\b"
_HEX: Final = r"[0-9A-Fa-f]{1,4}"
_IPV6: Final = "|".join(
    (
        rf"(?:{_HEX}:){{6}}{_IPV4}",
        rf"(?:{_HEX}:){{7}}{_HEX}",
        *(rf"(?:{_HEX}:){{{left}}}(?::{_HEX}){{0,{5 - left}}}:{_IPV4}" for left in range(5, 0, -1)),
        *(rf"(?:{_HEX}:){{{left}}}(?::{_HEX}){{1,{7 - left}}}" for left in range(6, 0, -1)),
        rf":(?::{_HEX}){{0,5}}:{_IPV4}",
        rf"(?:{_HEX}:){{1,7}}:",
        rf":(?::{_HEX}){{1,7}}",
        "::",
    )
)


def _word_any_case(*words: str) -> str:
    """Words in lower case, in upper case, or capitalised; the longest first."""
    spelt = [each for word in words for each in (word.capitalize(), word, word.upper())]
    return "|".join(sorted(spelt, key=len, reverse=True))


_MONTH: Final = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?"
)
_DAY: Final = "mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs(?:day)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"
_LEVELS: Final = _word_any_case(
    *(
        "trace",
        "debug",
        "info",
        "information",
        "notice",
        "warn",
        "warning",
        "err",
        "error",
        "crit",
        "critical",
        "fatal",
    ),
    *("severe", "alert", "emerg", "emergency", "panic", "verbose", "fine", "finer", "finest", "config"),
)
_ACCESS: Final = (
    r"%{IPORHOST:client.address} (?:-|%{HTTPDUSER:apache.ident}) (?:-|%{HTTPDUSER:user.name})"
    r" \[%{HTTPDATE:timestamp}\] "
    r'"(?:%{WORD:http.request.method} %{NOTSPACE:url.original}(?: HTTP/%{NUMBER:network.protocol.version})?'
    r'|-|%{HTTPDQUOTED:http.request.line})" (?:-|%{INT:http.response.status_code:int}) '
    r"(?:-|%{INT:http.response.body.size:int})"
)

PATTERNS: Final[Mapping[str, str]] = {
    # -- words and numbers
    "USERNAME": r"[a-zA-Z0-9._-]+",
    "USER": "%{USERNAME}",
    "INT": r"[+-]?\d+",
    "BASE10NUM": r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)",
    "NUMBER": "%{BASE10NUM}",
    "BASE16NUM": r"[+-]?(?:0[xX])?[0-9A-Fa-f]+",
    "BASE16FLOAT": r"[+-]?(?:0[xX])?(?:[0-9A-Fa-f]+(?:\.[0-9A-Fa-f]*)?|\.[0-9A-Fa-f]+)",
    "POSINT": r"\b[1-9]\d*\b",
    "NONNEGINT": r"\b\d+\b",
    "WORD": r"[\pL\pN_]+",
    "NOTSPACE": r"\S+",
    "SPACE": r"\s*",
    "DATA": ".*?",
    "GREEDYDATA": ".*",
    "QUOTEDSTRING": r'"(?:[^"\\]|\\.)*"|' + r"'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`",
    "QS": "%{QUOTEDSTRING}",
    "UUID": r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
    "URN": r"[uU][rR][nN]:[0-9A-Za-z][0-9A-Za-z-]*:(?:%[0-9A-Fa-f]{2}|[\w()+,.:=@;$!*'/?#&~-])+",
    # -- networks
    "CISCOMAC": r"[0-9A-Fa-f]{4}(?:\.[0-9A-Fa-f]{4}){2}",
    "WINDOWSMAC": r"[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}",
    "COMMONMAC": r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}",
    "MAC": "%{CISCOMAC}|%{WINDOWSMAC}|%{COMMONMAC}",
    "IPV4": _IPV4,
    "IPV6": rf"(?:{_IPV6})(?:%[\w.~-]+)?",
    "IP": "%{IPV6}|%{IPV4}",
    "HOSTNAME": r"\b[0-9A-Za-z][0-9A-Za-z-]*(?:\.[0-9A-Za-z][0-9A-Za-z-]*)*\.?",
    "IPORHOST": "%{IP}|%{HOSTNAME}",
    "HOSTPORT": "%{IPORHOST}:%{POSINT}",
    "EMAILLOCALPART": r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*",
    "EMAILADDRESS": "%{EMAILLOCALPART}@%{HOSTNAME}",
    # -- paths and addresses
    "UNIXPATH": r"(?:/[\pL\pN_%!$@:.,+~-]*)+",
    "WINPATH": r"(?:[A-Za-z]:|\\)(?:\\[^\\?*\r\n]*)+",
    "PATH": "%{UNIXPATH}|%{WINPATH}",
    "TTY": r"/dev/(?:pts|tty[pq]?)\w*/?\d+",
    "URIPROTO": r"[A-Za-z][A-Za-z0-9+.-]*",
    "URIHOST": "%{IPORHOST}(?::%{POSINT})?",
    "URIPATH": r"(?:/[\w$.+!*'(){},~:;=@#%&-]*)+",
    "URIQUERY": r"[\w$.+!*'|(){},~@#%&/=:;?\[\]<>-]*",
    "URIPARAM": r"\?%{URIQUERY}",
    "URIPATHPARAM": r"%{URIPATH}(?:\?%{URIQUERY})?",
    "URI": r"%{URIPROTO}://(?:%{USER}(?::[^@\s]*)?@)?(?:\[%{IPV6}\](?::%{POSINT})?|%{URIHOST})?(?:%{URIPATHPARAM})?",
    # -- times
    "MONTH": rf"\b(?i:{_MONTH})\b",
    "MONTHNUM": r"1[0-2]|0?[1-9]",
    "MONTHNUM2": r"1[0-2]|0[1-9]",
    "MONTHDAY": r"3[01]|[12]\d|0?[1-9]",
    "DAY": rf"\b(?i:{_DAY})\b",
    "YEAR": r"\d{4}|\d\d",
    "HOUR": r"2[0-3]|[01]?\d",
    "MINUTE": r"[0-5]\d",
    "SECOND": r"(?:60|[0-5]?\d)(?:[:.,]\d+)?",
    "TIME": "%{HOUR}:%{MINUTE}:%{SECOND}",
    "DATE_US": "%{MONTHNUM}[/-]%{MONTHDAY}[/-]%{YEAR}",
    "DATE_EU": "%{MONTHDAY}[./-]%{MONTHNUM}[./-]%{YEAR}",
    "DATE": "%{DATE_US}|%{DATE_EU}",
    "DATESTAMP": "%{DATE}[- ]%{TIME}",
    "ISO8601_TIMEZONE": "Z|[+-]%{HOUR}(?::?%{MINUTE})?",
    "ISO8601_SECOND": "%{SECOND}",
    "TIMESTAMP_ISO8601": "%{YEAR}-%{MONTHNUM}-%{MONTHDAY}[T ]%{HOUR}:?%{MINUTE}(?::?%{SECOND})?"
    "(?:%{ISO8601_TIMEZONE})?",
    "TZ": "[A-Z]{3,4}",
    "DATESTAMP_RFC822": "%{DAY} %{MONTH} +%{MONTHDAY} %{YEAR} %{TIME} %{TZ}",
    "DATESTAMP_RFC2822": "%{DAY}, %{MONTHDAY} %{MONTH} %{YEAR} %{TIME} %{ISO8601_TIMEZONE}",
    "DATESTAMP_OTHER": "%{DAY} %{MONTH} +%{MONTHDAY} %{TIME} %{TZ} %{YEAR}",
    "DATESTAMP_EVENTLOG": r"%{YEAR}%{MONTHNUM2}(?:3[01]|[12]\d|0[1-9])(?:2[0-3]|[01]\d)%{MINUTE}(?:60|[0-5]\d)",
    "HTTPDATE": "%{MONTHDAY}/%{MONTH}/%{YEAR}:%{TIME} %{INT}",
    "SYSLOGTIMESTAMP": "%{MONTH} +%{MONTHDAY} %{TIME}",
    "HTTPDERROR_DATE": "%{DAY} %{MONTH} +%{MONTHDAY} %{TIME} %{YEAR}",
    # -- levels, programs, Java
    "LOGLEVEL": rf"(?:{_LEVELS})\b",
    "PROG": r"[!-Z\\^-~]+",
    "SYSLOGPROG": r"%{PROG:process.name}(?:\[%{POSINT:process.pid:int}\])?",
    "SYSLOGHOST": "%{IPORHOST}",
    "SYSLOGFACILITY": r"<%{NONNEGINT:syslog.facility:int}\.%{NONNEGINT:syslog.priority:int}>",
    "JAVACLASS": r"(?:[\pL_$][\pL\pN_$]*\.)*[\pL_$][\pL\pN_$]*",
    "JAVAFILE": r"[\pL\pN_$. -]+",
    "JAVAMETHOD": r"<(?:cl)?init>|[\pL_$][\pL\pN_$]*",
    "JAVATHREAD": r"[A-Z]{2}-Processor\d+",
    "JAVALOGMESSAGE": ".*",
    "JAVASTACKTRACEPART": r"%{SPACE}at %{JAVACLASS:code.namespace}\.%{JAVAMETHOD:code.function.name}"
    r"\(%{JAVAFILE:code.file.path}(?::%{INT:code.line.number:int})?\)",
    # -- whole lines
    "SYSLOGBASE": "%{SYSLOGTIMESTAMP:timestamp} (?:%{SYSLOGFACILITY} )?%{SYSLOGHOST:host.name} %{SYSLOGPROG}:",
    "SYSLOGLINE": "%{SYSLOGBASE} %{GREEDYDATA:message}",
    "HTTPDUSER": "%{EMAILADDRESS}|%{USER}",
    "HTTPDQUOTED": r'(?:[^"\\]|\\.)*',
    "COMMONAPACHELOG": _ACCESS,
    "COMBINEDAPACHELOG": r'%{COMMONAPACHELOG} "(?:-|%{HTTPDQUOTED:http.request.header.referer})"'
    r' "(?:-|%{HTTPDQUOTED:user_agent.original})"',
    "HTTPD_COMMONLOG": "%{COMMONAPACHELOG}",
    "HTTPD_COMBINEDLOG": "%{COMBINEDAPACHELOG}",
    "HTTPD_ERRORLOG": r"\[%{HTTPDERROR_DATE:timestamp}\] \[(?:%{WORD:apache.module})?:?%{LOGLEVEL:level}\]"
    r"(?: \[pid %{POSINT:process.pid:int}(?::tid %{NUMBER:thread.id:int})?\])?(?: \[client %{IP:client.address}"
    r"(?::%{POSINT:client.port:int})?\])?(?: %{NOTSPACE:apache.code}:)? %{GREEDYDATA:message}",
}
"""Expressions by name; each may refer to others."""
