"""Components of the page in which conversions are heard and seen: the A/B player and the contours."""
