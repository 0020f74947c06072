"""The findings and events of many programs, as digests that are kept: a change of any is seen."""
