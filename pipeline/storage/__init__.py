"""Files of a run: the store, the ledger of what is done, the lock, the columns of every table."""
