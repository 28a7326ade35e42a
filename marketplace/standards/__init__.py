"""Other vocabularies (TM Forum, MEF, OCDS, E-Rate): translation only, text in and values out."""
