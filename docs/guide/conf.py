"""How Sphinx builds the user guide: Markdown in, the pieces of pages out, which the marketplace frames under /help."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "Tenderline"
author = "Tenderline"
language = "en"
extensions = ["myst_parser", "guide_pieces"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
# page:/b/requests is a page of the marketplace, no file of the guide
myst_url_schemes = {"http": None, "https": None, "page": {"url": "{{path}}"}}
exclude_patterns = ["examples"]
highlight_language = "none"
html_copy_source = False
html_use_index = False
html_domain_indices = False
smartquotes = False
nitpicky = True
