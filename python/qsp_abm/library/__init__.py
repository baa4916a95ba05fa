"""The library: cells, fields, synapses, vessels, bodies, drugs, regimens and whole models, one file each.

Every number stands in ``parameters/<table>.toml`` with unit, source and kind; a factory takes replacements by name.
"""
