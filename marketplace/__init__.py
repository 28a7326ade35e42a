"""The marketplace: everything that is not a buyer's, a seller's, the matching or a notice."""
