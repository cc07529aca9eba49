"""Views to text: tables, blocks, plain data formats.

Rule 1: pure: the time, the width and what the terminal can show are arguments.
Rule 2: no line is wider than asked; a name from outside can neither break a line nor
send the terminal a command.
Rule 3: colour never carries meaning alone.
"""
