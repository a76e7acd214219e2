"""People, facts and figures: who sells, what happened, and what it adds up to."""
