"""NM-TRAN control streams: records, parameters, and abbreviated code as a tree."""
