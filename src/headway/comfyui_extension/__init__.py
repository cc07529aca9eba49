"""The mirror: one file that runs inside ComfyUI and tells Headway every step of every prompt.

Rule 1: `mirror.py` is copied whole into `custom_nodes`: it imports nothing of ours, and nothing
that ComfyUI does not bring.
Rule 2: nothing in Headway imports it: it is copied, as text.
"""
