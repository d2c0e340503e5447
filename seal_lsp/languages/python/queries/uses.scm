; Places that may name an API.
(attribute) @attribute
(call) @call
(class_definition superclasses: (argument_list (keyword_argument))) @class
(class_pattern . (dotted_name) @dotted)
(import_statement) @import
(import_from_statement) @from
