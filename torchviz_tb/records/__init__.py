"""What is kept on disk: the schema, the envelope around each record, the tags. Neither torch nor tensorboard here."""
