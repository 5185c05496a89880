"""Takes files of others: reads their rows, makes commands of them as the team declares, checks or sends these."""
