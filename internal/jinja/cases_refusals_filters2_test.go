package jinja_test

// moreFilterArguments say of the filters from indent to round: their arguments,
// values of other types, and what they refuse.
var moreFilterArguments = []namedCase{
	{
		of: "filter indent", name: "indents the first line if it is asked",
		template: `{{ 'a\nb'|indent(2, true) }}`,
		want:     "  a\n  b",
	},
	{
		of: "filter indent", name: "leaves empty lines unless it is asked",
		template: `{{ 'a\n\nb'|indent(2) }}|{{ 'a\n\nb'|indent(2, blank=true) }}`,
		want:     "a\n\n  b|a\n  \n  b",
	},
	{
		of: "filter indent", name: "takes a text to begin lines with",
		template: `{{ 'a\nb'|indent('> ', true) }}`,
		want:     "> a\n> b",
	},
	{
		of: "filter indent", name: "refuses a number",
		template: "{{ 1|indent }}",
		fails:    "TypeError",
		says:     "unsupported operand type(s) for +=: 'int' and 'str'",
	},
	{
		of: "filter int", name: "cuts off a fraction",
		template: "{{ 3.9|int }} {{ -3.9|int }} {{ '3.9'|int }}",
		want:     "3 -3 3",
	},
	{
		of: "filter int", name: "reads other bases",
		template: "{{ '0x1F'|int(base=16) }} {{ '101'|int(base=2) }} {{ '0b11'|int(base=0) }}",
		want:     "31 5 3",
	},
	{
		of: "filter int", name: "gives a default for what is no number",
		template: "{{ 'x'|int }} {{ 'x'|int(7) }} {{ none|int(-1) }} {{ [1]|int('l') }}",
		want:     "0 7 -1 l",
	},
	{
		of: "filter int", name: "counts a truth",
		template: "{{ true|int }}",
		want:     "1",
	},
	{
		of: "filter int", name: "reads spaces and underscores",
		template: "{{ ' 1_000 '|int }}",
		want:     "1000",
	},
	{
		of: "filter int", name: "reads digits of other scripts",
		template: "{{ '٤٢'|int }}",
		want:     "42",
	},
	{
		of: "filter join", name: "joins by an attribute",
		template: "{{ [{'a': 1}, {'a': 2}]|join('-', 'a') }}",
		want:     "1-2",
	},
	{
		of: "filter join", name: "writes what is no text",
		template: "{{ [1, none, true, [2]]|join(',') }}",
		want:     "1,None,True,[2]",
	},
	{
		of: "filter join", name: "refuses what has no items",
		template: "{{ 1|join }}",
		fails:    "TypeError",
		says:     "'int' object is not iterable",
	},
	{
		of: "filter last", name: "of a list and a text",
		template: "{{ [1, 2]|last }} {{ 'abc'|last }} [{{ []|last }}]",
		want:     "2 c []",
	},
	{
		of: "filter length", name: "counts what is undefined as nothing",
		template: "{{ nothing|length }}",
		want:     "0",
	},
	{
		of: "filter length", name: "counts ranges and mappings",
		template: "{{ range(2, 10, 3)|length }} {{ {'a': 1}|length }}",
		want:     "3 1",
	},
	{
		of: "filter list", name: "of a mapping has its keys",
		template: "{{ {'b': 1, 'a': 2}|list }}",
		want:     "['b', 'a']",
	},
	{
		of: "filter list", name: "of what is undefined is empty",
		template: "{{ nothing|list }}",
		want:     "[]",
	},
	{
		of: "filter list", name: "refuses a number",
		template: "{{ 1|list }}",
		fails:    "TypeError",
		says:     "'int' object is not iterable",
	},
	{
		of: "filter lower", name: "writes what is no text",
		template: "{{ none|lower }} {{ TRUE|lower }}|",
		want:     "none |",
	},
	{
		of: "filter map", name: "refuses a filter that is not there",
		template: "{{ [1]|map('nosuch')|list }}",
		fails:    "TemplateRuntimeError",
		says:     "No filter named 'nosuch'.",
	},
	{
		of: "filter map", name: "refuses a filter's argument that is wrong",
		template: "{{ ['a']|map('upper', 1)|list }}",
		fails:    "TypeError",
		says:     "filter() takes at most 0 arguments (1 given)",
		differs:  "the words are this package's own",
	},
	{
		of: "filter map", name: "takes an attribute of an attribute",
		template: "{{ [{'a': {'b': 1}}]|map(attribute='a.b')|list }}",
		want:     "[1]",
	},
	{
		of: "filter map", name: "takes an index",
		template: "{{ [[1, 2], [3, 4]]|map(attribute=1)|list }}",
		want:     "[2, 4]",
	},
	{
		of: "filter map", name: "needs an argument",
		template: "{{ [1]|map|list }}",
		fails:    "FilterArgumentError",
		says:     "map requires a filter argument",
	},
	{
		of: "filter max", name: "of texts goes without case",
		template: "{{ ['a', 'B']|max }} {{ ['a', 'B']|max(case_sensitive=true) }}",
		want:     "B a",
	},
	{
		of: "filter max", name: "takes an attribute",
		template: "{{ [{'a': 1}, {'a': 3}]|max(attribute='a') }}",
		want:     "{'a': 3}",
	},
	{
		of: "filter max", name: "of nothing is undefined",
		template: "[{{ []|max }}]",
		want:     "[]",
	},
	{
		of: "filter min", name: "takes an attribute",
		template: "{{ [{'a': 2}, {'a': 1}]|min(attribute='a') }}",
		want:     "{'a': 1}",
	},
	{
		of: "filter min", name: "refuses what cannot be compared",
		template: "{{ [1, 'a']|min }}",
		fails:    "TypeError",
		says:     "'<' not supported between instances of 'str' and 'int'",
	},
	{
		of: "filter reject", name: "leaves what the test is false of",
		template: "{{ [1, 2, 3]|reject('odd')|list }}",
		want:     "[2]",
	},
	{
		of: "filter reject", name: "without a test leaves what is false",
		template: "{{ [0, 1, '', 'a']|reject|list }}",
		want:     "[0, '']",
	},
	{
		of: "filter rejectattr", name: "without a test leaves items whose attribute is false",
		template: "{{ [{'a': 0}, {'a': 1}]|rejectattr('a')|list }}",
		want:     "[{'a': 0}]",
	},
	{
		of: "filter rejectattr", name: "tests the attribute",
		template: "{{ [{'a': 1}, {'a': 2}]|rejectattr('a', 'gt', 1)|list }}",
		want:     "[{'a': 1}]",
	},
	{
		of: "filter replace", name: "replaces so many times",
		template: "{{ 'aaa'|replace('a', 'b', 2) }}",
		want:     "bba",
	},
	{
		of: "filter replace", name: "writes what is no text",
		template: "{{ 123|replace(2, 'x') }}",
		want:     "1x3",
	},
	{
		of: "filter replace", name: "needs two texts",
		template: "{{ 'a'|replace('a') }}",
		fails:    "TypeError",
		says:     "replace() missing required argument 'new'",
		differs:  "the words are this package's own",
	},
	{
		of: "filter reverse", name: "turns a list lazily",
		template: "{{ [1, 2, 3]|reverse|list }}",
		want:     "[3, 2, 1]",
	},
	{
		of: "filter round", name: "rounds a half to the even",
		template: "{{ 0.5|round }} {{ 1.5|round }} {{ 2.5|round }}",
		want:     "0.0 2.0 2.0",
	},
	{
		of: "filter round", name: "rounds up and down",
		template: "{{ 1.21|round(1, 'ceil') }} {{ 1.29|round(1, 'floor') }}",
		want:     "1.3 1.2",
	},
	{
		of: "filter round", name: "refuses another way",
		template: "{{ 1.5|round(0, 'up') }}",
		fails:    "FilterArgumentError",
		says:     "method must be common, ceil or floor",
	},
	{
		of: "filter round", name: "refuses a text",
		template: "{{ 'a'|round }}",
		fails:    "TypeError",
		says:     "type str doesn't define __round__ method",
	},
	{
		of: "filter nosuch", name: "is refused before anything runs",
		template: "{{ 1|nosuch }}",
		fails:    "TemplateAssertionError",
		says:     "No filter named 'nosuch'.",
	},
	{
		of: "filter nosuch", name: "may stand where an if guards it",
		template: "{% if false %}{{ 1|nosuch }}{% endif %}a",
		want:     "a",
	},
}
