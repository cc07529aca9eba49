"""Acting on watched systems: submit, cancel, list models. The only code that changes one.

Rule 1: nothing here acts by itself: each call is a person's or a program's explicit request.
Rule 2: cancelling says first what else stops; who calls decides, the action never does.
Rule 3: an action tells what happens as events, under keys known before the first byte goes
    out: whoever stores them loses no job, also when it is killed in between.
"""
