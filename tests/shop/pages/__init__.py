"""What `make api-docs` tries with tools that are not needed for anything else: a browser, Node."""
