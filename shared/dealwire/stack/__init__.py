"""Dealwire on one machine without containers: a real MongoDB, a real RabbitMQ and the services, as child processes."""
