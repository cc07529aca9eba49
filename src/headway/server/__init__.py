"""The door: one port for the page, the answers, the live streams and reported events.

Rule 1: every request passes `access` first: host name, web origin, token, in that order.
Rule 2: a GET never acts; what acts takes JSON only.
Rule 3: what a reader without a token gets is made by `privacy`, an allow-list.
Rule 4: every stream is bounded: a slow reader costs one pending value an entity, one
frame and a socket's buffer, and is closed when it takes nothing for too long.
Rule 5: a token is never logged, nor is a query, where one could stand.
"""
