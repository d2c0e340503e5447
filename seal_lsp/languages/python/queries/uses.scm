; Places that may name an API.
(attribute) @attribute
(call) @call
(decorator) @decorator
(class_pattern) @class_pattern
(import_statement) @import
(import_from_statement) @from
