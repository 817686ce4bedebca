"""The proxy before a broker that tests cut, under the name that it has for them."""

from bench.faults.kafka_proxy import KafkaProxy as BrokerProxy

__all__ = ["BrokerProxy"]
