"""``logferry up``: the whole pipeline on one machine, as supervised processes.

::

    up.run           the story from start to stop: servers, topics, stages, view, summary
    up.settings_file the settings with this machine's addresses and folders, written to <data>/logferry.yaml
    up.supervisor    keeps the stages running            up.child     one stage process
    up.sampler       reads what they say, in a thread    up.lag       consumer groups against their topics
    up.figures       pure: metrics to totals and rates   up.journal   pure: a stage's log, its last warning
    up.picture       pure: all that is known right now   up.view      pure: the picture on a terminal or in a line
    up.instance      the data folder: one `up` at a time, and <data>/up.json for `logferry status`
"""
