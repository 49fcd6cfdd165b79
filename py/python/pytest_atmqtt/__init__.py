"""The pytest plugin of atmqtt; :mod:`pytest_atmqtt.plugin` has the fixtures.

A package of its own, because pytest imports every plugin that is installed: nothing in here imports
atmqtt before a test asks for one of the fixtures.
"""
