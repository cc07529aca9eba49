"""Generating, cancelling and listing models, as functions for programs and the command line.

    params          what is asked for, in words that every back end shares
    graph           ComfyUI's graphs: the built-in one, and those that people bring
    asking          that becomes one submission for a back end, its model found by name
    running         one submission, from here to its outcome
    telling         what happens goes where everybody can see it
    saving          the files that came of it, under names that somebody chose
    naming          those names: always inside the directory they are meant for
    pipeline_file   a pipeline's YAML → a flat list of what is to be made
    pipeline        that list made, one after another or several at once, and resumed

Rule 1: nothing is done that was not asked for: a default is the back end's own where it has
one.
Rule 2: everything that is submitted is told, before its outcome is known: whoever looks from
another process sees it, and what a killed process leaves behind is asked for at the back end.
Rule 3: what was asked for can be refused; then an error names the field and the nearest names.
"""
