"""Countries and states, and the region that each lies in: the coarsest place that a carrier may be told."""

# UN M49 regions, with the Americas in two (Northern America; Latin America and the Caribbean).
_COUNTRIES = {
    "Africa": """AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW IO KE KM LR LS LY MA MG ML MR MU
        MW MZ NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TF TG TN TZ UG YT ZA ZM ZW""",
    "Antarctica": "AQ",
    "Asia": """AE AF AM AZ BD BH BN BT CN CY GE HK ID IL IN IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM MN MO MV MY NP OM
        PH PK PS QA SA SG SY TH TJ TL TM TR TW UZ VN YE""",
    "Europe": """AD AL AT AX BA BE BG BY CH CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD
        ME MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA""",
    "Latin America": """AG AI AR AW BB BL BO BQ BR BS BV BZ CL CO CR CU CW DM DO EC FK GD GF GP GS GT GY HN HT JM KN KY
        LC MF MQ MS MX NI PA PE PR PY SR SV SX TC TT UY VC VE VG VI""",
    "North America": "BM CA GL PM US",
    "Oceania": "AS AU CC CK CX FJ FM GU HM KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS",
}
# The Census Bureau's four regions; the territories are in none of them.
_STATES = {
    "US-Northeast": "CT MA ME NH NJ NY PA RI VT",
    "US-Midwest": "IA IL IN KS MI MN MO ND NE OH SD WI",
    "US-South": "AL AR DC DE FL GA KY LA MD MS NC OK SC TN TX VA WV",
    "US-West": "AK AZ CA CO HI ID MT NM NV OR UT WA WY",
    "US-Territories": "AS GU MP PR UM VI",
}
REGION_BY_COUNTRY = {code: region for region, codes in _COUNTRIES.items() for code in codes.split()}
REGION_BY_STATE = {code: region for region, codes in _STATES.items() for code in codes.split()}


def region_of(country: str, state: str) -> str:
    """Return the region of a known country, for the United States that of the known ``state``."""
    return REGION_BY_STATE[state] if country == "US" else REGION_BY_COUNTRY[country]
