"""What every stage needs to run: Kafka clients, the acknowledgement frontier, metrics, logging, signals."""
