"""Simulated systems over real sockets: for `headway demo`, for the examples and for tests.

Rule 1: a simulation is spoken to as the real thing is: over HTTP and WebSocket, on a real port.
Rule 2: what it says, to whom and in which order is what the real thing was measured to say.
Rule 3: nothing here imports the rest of Headway, so a test of Headway cannot agree with itself.
"""
