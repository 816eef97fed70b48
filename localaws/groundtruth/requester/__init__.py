"""The requester's page: whoever holds keys of the account sees how its labeling jobs get on."""
