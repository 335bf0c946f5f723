"""What stands around the verbs: finding them, their help, the streams, errors and exit codes, what is drawn."""
