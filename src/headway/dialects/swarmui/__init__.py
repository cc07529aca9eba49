"""Ears for SwarmUI: answers of its API, messages of a generation, lines of its log.

Rule 1: the body is read before the status code: a refusal is a JSON object, whatever number
    came with it.
Rule 2: a back end's status is never work: `running` means ready. Counts are counts of the
    server, and of a session.
Rule 3: other people's generations are no jobs here: they have no id that anybody else could
    see. They are counts of the source.
Rule 4: `overall_percent` is not used: it is no time, it falls, and it passes 1.
Rule 5: nothing raises for what the outside sent; what cannot be read is skipped and counted.
"""
