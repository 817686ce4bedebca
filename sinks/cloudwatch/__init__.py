"""Sink ``cloudwatch``: every record one event in a log stream of its container in Amazon CloudWatch Logs.

::

    sinks:
      aws: {type: cloudwatch, topics: [logs.app], region: eu-central-1, log_group: "/kubernetes/{namespace}"}

Log groups and streams are made when they are missing. Events that CloudWatch does not take (older than 14 days or than
the group's retention, more than 2 hours ahead) go to the dead letters with its reason.

Delivery: at least once. CloudWatch knows no ids: what is sent again because an answer was lost, or after a crash, is
there twice. In a log stream nothing overtakes what has to be sent again (with ``requests_in_flight: 1``).
"""
