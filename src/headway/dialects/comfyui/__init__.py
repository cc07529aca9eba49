"""ComfyUI as it is heard by one who only watches (see docs/comfyui.md).

wire      bytes → JSON values, and values → clean text and numbers
graph     a prompt's graph: who needs whom
plan      what a graph says about its job, without a word of its prompt
privacy   what is taken out of errors before anybody else sees them
queue     /queue and /api/jobs → who waits, who runs
history   /history/{id} → how it ended, what it made
frames    the status socket's messages
logs      the console's lines
roll      the jobs that are known, and which use of an id is meant
mirror_frames  the mirror extension's messages
turns     whose turn it is on the console
verdict   what became of a job that is simply gone
restart   when a restart counts as proven
mirror    the ear for the mirror: every step, said by the server itself
ears      the state machine that joins them
"""
