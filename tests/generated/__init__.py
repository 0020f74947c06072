"""Random programs, run for real and compared with what the analysis says of them."""
