"""Who the buyers are: names, numbers, demographics, exact sites, evidence and its verification."""
