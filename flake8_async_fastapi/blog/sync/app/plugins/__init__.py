"""Extensions with tables of their own."""
