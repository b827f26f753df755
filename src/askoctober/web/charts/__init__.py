"""Looking instead of reading: the map of passages and the timeline of dated sentences.

    chunk vectors -> two dimensions (projection) -> figure (mapping)
    sentences -> dates (dating) -> figure and list (lanes, timeline)

Figures are plotly's, composed here in the colours of `plotting` and drawn by `static/figures.js`.
"""
