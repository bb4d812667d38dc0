"""Where the bank's files are fetched from: a folder, or a container of blobs. How they read: payments/bank_files.py."""
