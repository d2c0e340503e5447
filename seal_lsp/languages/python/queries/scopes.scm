; Nodes that open a scope, in the order of the source.
(function_definition) @function
(class_definition) @class
(lambda) @lambda
(list_comprehension) @comprehension
(set_comprehension) @comprehension
(dictionary_comprehension) @comprehension
(generator_expression) @comprehension
