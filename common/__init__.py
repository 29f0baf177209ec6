"""What the controller and the agent share: settings, records, wire messages, the bus. Imports neither of them."""
