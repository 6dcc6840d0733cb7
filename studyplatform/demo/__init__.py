"""The demo: one real year of the shipped study, lived by simulated people in two minutes.

`manage.py demo` starts the platform as it runs in earnest, moves its clock through the year and
lets simulated people read their mail and answer over HTTP. Nothing in here is used by a real
study, and nothing in a real study knows that these people are simulated.
"""
