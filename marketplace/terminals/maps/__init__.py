"""Maps of the pages: where sites are served or areas lie, drawn from public borders without any tile server."""
