"""Any command as a job: run it as if we were not there, and read progress from its output.

Rule 1: what is read from text is `derived`, and a percent is only ever one that was
    printed, or a count of a total that was printed. Nothing recognised: no percent.
Rule 2: the readers (`readers/`, one program's way of writing a file) are pure functions
    from a line to what it says; `screen`, `hearing` and `guess` are pure too.
Rule 3: of the command its program's name is kept; its arguments only on request, and
    what it printed only if it fails, without its arguments.
"""
