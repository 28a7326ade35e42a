"""Charts of the pages: pure functions from frozen figures to accessible SVG and its twin as a table."""
