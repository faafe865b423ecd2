"""The rules: each looks at the evidence and returns what it finds."""
