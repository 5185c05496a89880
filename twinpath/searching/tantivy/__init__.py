"""Search by Tantivy, an engine within the process: in a folder, or in memory."""
