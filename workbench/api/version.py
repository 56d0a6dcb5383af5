"""The version of the API, which /info and OpenAPI tell.

The first number rises when a name, an order, a default or a meaning changes, the second when something is added.
"""

API_VERSION = "1.0"
