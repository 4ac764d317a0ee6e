"""Planning: compares the model's rows with the rows that Customer.io accepted last. Sends nothing."""
