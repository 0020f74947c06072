"""AFA6: event loops, threads, and what is used on the wrong one."""
