"""The exit codes: the only list."""

DONE = 0  # done, or idle as asked
FAILED = 1  # the work failed or was cancelled, wholly or partly
USAGE = 2
UNREACHABLE = 3  # a back end or server cannot be reached
UNKNOWN = 4  # lost, or not known
BUSY = 10  # `status --exit-code`
TIMED_OUT = 124
INTERRUPTED = 130
