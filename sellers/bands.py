"""The bands that buyers may disclose of themselves, as filters name them."""

INDUSTRIES = tuple("ABCDEFGHIJKLMNOPQRSTU")
"""Sections of ISIC Rev. 4."""
SIZES = ("1-9", "10-49", "50-249", "250-999", "1000-4999", "5000+")
"""Numbers of employees."""
REGIONS = (
    "Africa",
    "Antarctica",
    "Asia",
    "Europe",
    "Latin America",
    "North America",
    "Oceania",
    "US-Midwest",
    "US-Northeast",
    "US-South",
    "US-Territories",
    "US-West",
)
"""Census regions for the United States, continents for all other countries."""

BANDS = {"industries": INDUSTRIES, "sizes": SIZES, "regions": REGIONS}
"""What each criterion of this name may list."""
