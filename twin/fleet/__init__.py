"""The machines that fill the crater: what they can do, and whether that is enough for the plan.

Formulas of the reclamation project 073/20-TX, volume 3 book 1: `loading` (tables 8 and 9),
`hauling` (tables 11 and 12), `dozing` (tables 14 and 15). `tables` applies them to the machines of
a site, `capacity` asks what the whole fleet moves in a year.
"""
