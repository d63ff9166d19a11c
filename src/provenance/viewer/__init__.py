"""How people see it: reports, figures, icons, the mark drawn into a picture.

::

    file ─────► examine ─► Subject ─► report.render ─► one HTML page
    original ─────┘
"""
