"""The fault suite (`logferry bench faults`): what becomes of lines that prove themselves, under faults worth fearing.

A scenario is declared in a few lines (`scenario`); it happens at a site (`site`): one pipeline of real stage processes
on real servers, with proxies in between. `run` makes it happen, `judge` says what is missing, doubled or altered, and
whether the ledger balances. Scenarios stand in `catalogue`; those of a node in `node.scenarios`.
"""
