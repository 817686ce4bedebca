"""Input ``syslog``: messages of RFC 3164 and RFC 5424 from programs and devices that cannot write to files.

::

    inputs:
      routers: {type: syslog, udp: "0.0.0.0:514", tcp: "0.0.0.0:514"}
      docker:  {type: syslog, unix: /run/logferry/syslog.sock}
      remote:
        type: syslog
        tls: {listen: "[::]:6514", certificate_file: /etc/logferry/tls.crt, key_file: /etc/logferry/tls.key}

Only what delimits messages is read here (UDP and Unix datagrams: one each; connections: see
`producers.core.syslog.frames`); they travel with octet counts, otherwise byte for byte, and streams parse them. Each
connection is an incarnation, which ends with it; so is each address that sends datagrams, while the producer runs.

Delivery: syslog confirms nothing, and nothing in a message tells it from a repetition. So

- what a sender sends twice is there twice;
- what the producer has received and Kafka has not acknowledged is lost when the producer or its machine is killed: what
  waits for its batch (``batch_interval_secs``) and what is under way. A stop in order ships what has arrived.
- While Kafka is slow, connections and Unix sockets are not read and their senders wait. Datagrams of UDP wait in the
  kernel's buffer; what it drops is counted (``logferry_producer_syslog_dropped_datagrams_total``).
- A line in a connection without octet counts is a message, so a message with line ends becomes several. Senders that
  have such messages should count octets.
"""

from producers.syslog.server import Syslog

__all__ = ["Syslog"]
