"""Planning: the model's rows compared with what Customer.io accepted last. Sends nothing."""
