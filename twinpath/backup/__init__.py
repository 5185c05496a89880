"""Backups: the log apart from the keys of personal data, so that neither archive alone tells of an erased person."""
