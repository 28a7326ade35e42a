"""The negotiation room: counter-proposals, clause by clause, between a buyer and the provider it awarded."""
