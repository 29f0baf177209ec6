"""The bus between the controller and its hosts: one contract, AMQP and in-memory behind it."""
