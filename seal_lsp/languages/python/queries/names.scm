; Every name; unbound.py says which of them are uses.
(identifier) @name
