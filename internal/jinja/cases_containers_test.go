package jinja_test

// containerCases say of the methods of lists and mappings, and those that
// templates may not call.
var containerCases = []namedCase{
	{
		of: "list count", name: "compares as == does",
		template: "{{ [1, 1.0, true, '1'].count(1) }}",
		want:     "3",
	},
	{
		of: "list index", name: "looks from a place on",
		template: "{{ [1, 2, 1].index(1, 1) }}",
		want:     "2",
	},
	{
		of: "list index", name: "fails for what is not there",
		template: "{{ [1].index(2) }}",
		fails:    "ValueError",
		says:     "2 is not in list",
	},
	{
		of: "list copy", name: "makes another list",
		template: "{% set a = [1] %}{{ a.copy() == a }}",
		want:     "True",
	},
	{
		of: "list append", name: "is kept from templates",
		template: "{% set a = [1] %}{{ a.append(2) }}",
		fails:    "SecurityError",
		says:     "access to attribute 'append' of 'list' object is unsafe.",
	},
	{
		of: "list pop", name: "is kept from templates",
		template: "{{ [1].pop() }}",
		fails:    "SecurityError",
		says:     "access to attribute 'pop' of 'list' object is unsafe.",
	},
	{
		of: "list sort", name: "is kept from templates",
		template: "{{ [2, 1].sort() }}",
		fails:    "SecurityError",
		says:     "access to attribute 'sort' of 'list' object is unsafe.",
	},
	{
		of: "dict get", name: "gives another value for what is not there",
		template: "{{ {'a': 1}.get('b', 2) }} {{ {'a': none}.get('a', 2) }}",
		want:     "2 None",
	},
	{
		of: "dict get", name: "needs a key",
		template: "{{ {}.get() }}",
		fails:    "TypeError",
		says:     "get() missing required argument 'key'",
		differs:  "the words are this package's own",
	},
	{
		of: "dict items", name: "gives pairs in order",
		template: "{{ {'b': 1, 'a': 2}.items()|list }}",
		want:     "[('b', 1), ('a', 2)]",
	},
	{
		of: "dict keys", name: "can be gone through",
		template: "{% for k in {'b': 1, 'a': 2}.keys() %}{{ k }}{% endfor %}",
		want:     "ba",
	},
	{
		of: "dict values", name: "can be gone through",
		template: "{% for v in {'b': 1, 'a': 2}.values() %}{{ v }}{% endfor %}",
		want:     "12",
	},
	{
		of: "dict copy", name: "makes an equal mapping",
		template: "{{ {'a': 1}.copy() == {'a': 1} }}",
		want:     "True",
	},
	{
		of: "dict pop", name: "is kept from templates",
		template: "{{ {'a': 1}.pop('a') }}",
		fails:    "SecurityError",
		says:     "access to attribute 'pop' of 'dict' object is unsafe.",
	},
	{
		of: "dict setdefault", name: "is kept from templates",
		template: "{{ {'a': 1}.setdefault('b', 1) }}",
		fails:    "SecurityError",
		says:     "access to attribute 'setdefault' of 'dict' object is unsafe.",
	},
	{
		of: "dict clear", name: "is kept from templates",
		template: "{{ {'a': 1}.clear() }}",
		fails:    "SecurityError",
		says:     "access to attribute 'clear' of 'dict' object is unsafe.",
	},
}
