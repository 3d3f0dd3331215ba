"""The temporal types of Cypher, over integers: days, nanoseconds, months."""
