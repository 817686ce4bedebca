"""What a dead letter says, and what is to be done with it. Pure: values in, values out."""
