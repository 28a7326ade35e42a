"""Which offers to take: the cheapest award under the buyer's rules, with its proof."""
