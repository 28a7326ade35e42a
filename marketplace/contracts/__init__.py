"""What was agreed: the terms presented after an award, their acceptance or refusal, and the frozen contract."""
