; Every statement that imports, at any depth. Incomplete ones are repaired before they are asked for (grammar.py).
(import_statement) @import
(import_from_statement) @from
