"""The pod watcher: the Kubernetes API's pods, by list and watch, into the compacted topic `logs.pods`.

``connection`` finds address and credentials, ``cluster`` makes requests, ``watch`` follows one scope in a thread,
``owners`` finds out what created a pod, ``publish`` holds the topic, ``term`` keeps the topic in line with the cluster,
``lease`` says who of several watchers does so, ``watcher`` is the process. What is written, and when, is decided in
``producers.core`` (pod_value, owner_chain, known_pods).

Delivery: at least once. A value is a function of the cluster's state and of what the topic holds, so writing it twice,
or by two watchers for a moment, changes nothing.
"""
