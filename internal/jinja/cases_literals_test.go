package jinja_test

// literalCases say of literals, members, slices and calls.
var literalCases = []namedCase{
	{
		of: "expression if", name: "without else gives what is undefined",
		template: "[{{ 'a' if false }}]",
		want:     "[]",
	},
	{
		of: "expression if", name: "looks at one side only",
		template: "{{ 1 if true else nothing.x }}",
		want:     "1",
	},
	{
		of: "expression if", name: "groups to the right",
		template: "{{ 1 if false else 2 if false else 3 }}",
		want:     "3",
	},
	{
		of: "expression literal", name: "writes floats as repr does",
		template: "{{ 1.0 }} {{ 1e16 }} {{ 1e-5 }} {{ 0.1 + 0.2 }} {{ 123456789012345680.0 }}",
		want:     "1.0 1e+16 1e-05 0.30000000000000004 1.2345678901234568e+17",
	},
	{
		of: "expression literal", name: "takes underscores in numbers",
		template: "{{ 1_000 }} {{ 1_0.5 }}",
		want:     "1000 10.5",
	},
	{
		of: "expression literal", name: "takes other bases",
		template: "{{ 0x1F }} {{ 0o17 }} {{ 0b101 }}",
		want:     "31 15 5",
	},
	{
		of: "expression literal", name: "takes exponents",
		template: "{{ 1e3 }} {{ 1.5E-2 }}",
		want:     "1000.0 0.015",
	},
	{
		of: "expression literal", name: "joins strings that follow one another",
		template: `{{ 'a' "b" 'c' }}`,
		want:     "abc",
	},
	{
		of: "expression literal", name: "knows escapes",
		template: `{{ 'a\tb\x41\u00e4\\\'' }}`,
		want:     "a\tbAä\\'",
	},
	{
		of: "expression literal", name: "writes lists, tuples and mappings as repr does",
		template: "{{ [1, 'a', none, true] }} {{ (1,) }} {{ () }} {{ {'a': [1.5]} }}",
		want:     "[1, 'a', None, True] (1,) () {'a': [1.5]}",
	},
	{
		of: "expression literal", name: "quotes a text in a list as repr does",
		template: `{{ ["it's", 'say "x"', 'both \' and "', 'a\nb', '\x00', 'é'] }}`,
		want:     `["it's", 'say "x"', 'both \' and "', 'a\nb', '\x00', 'é']`,
	},
	{
		of: "expression literal", name: "allows a comma at the end",
		template: "{{ [1, 2,] }} {{ {'a': 1,} }} {{ (1, 2,) }}",
		want:     "[1, 2] {'a': 1} (1, 2)",
	},
	{
		of: "expression literal", name: "takes keys of all kinds that have a hash",
		template: "{{ {1: 'a', 'b': 2, none: 3, (1, 2): 4} }}",
		want:     "{1: 'a', 'b': 2, None: 3, (1, 2): 4}",
	},
	{
		of: "expression literal", name: "takes the last of equal keys",
		template: "{{ {'a': 1, 'a': 2} }} {{ {1: 'a', 1.0: 'b', true: 'c'} }}",
		want:     "{'a': 2} {1: 'c'}",
	},
	{
		of: "expression literal", name: "refuses a list as a key",
		template: "{{ {[1]: 2} }}",
		fails:    "TypeError",
		says:     "unhashable type: 'list'",
	},
	{
		of: "expression member", name: "looks for an attribute first and a key then",
		template: "{{ {'items': 1}.items is callable }} {{ {'items': 1}['items'] }}",
		want:     "True 1",
	},
	{
		of: "expression member", name: "takes an index behind a dot",
		template: "{{ [[1, 2], [3]].0.1 }}",
		want:     "2",
	},
	{
		of: "expression member", name: "counts from the end",
		template: "{{ [1, 2, 3][-1] }} {{ 'abc'[-2] }}",
		want:     "3 b",
	},
	{
		of: "expression member", name: "is undefined behind the end",
		template: "[{{ [1][5] }}] [{{ 'a'[3] }}] [{{ {}['x'] }}]",
		want:     "[] [] []",
	},
	{
		of: "expression member", name: "fails at what is undefined",
		template: "{{ nothing.x }}",
		fails:    "UndefinedError",
		says:     "'nothing' is undefined",
	},
	{
		of: "expression member", name: "fails at what is undefined, two levels deep",
		template: "{{ {'a': 1}.b.c }}",
		fails:    "UndefinedError",
		says:     "'dict object' has no attribute 'b'",
	},
	{
		of: "expression member", name: "fails at none",
		template: "{{ none.x.y }}",
		fails:    "UndefinedError",
		says:     "'None' has no attribute 'x'",
	},
	{
		of: "expression member", name: "takes a truth as an index",
		template: "{{ [1, 2][true] }}",
		want:     "2",
	},
	{
		of: "expression slice", name: "clips its ends",
		template: "{{ 'abc'[1:100] }} {{ 'abc'[-100:2] }} [{{ 'abc'[5:] }}]",
		want:     "bc ab []",
	},
	{
		of: "expression slice", name: "refuses a step of zero",
		template: "{{ 'abc'[::0] }}",
		fails:    "ValueError",
		says:     "slice step cannot be zero",
	},
	{
		of: "expression slice", name: "refuses ends that are no numbers",
		template: "{{ 'abc'['a':] }}",
		want:     "",
	},
	{
		of: "expression slice", name: "of a mapping is undefined",
		template: "[{{ {'a': 1}[1:2] }}]",
		want:     "[]",
	},
	{
		of: "expression call", name: "refuses what is no function",
		template: "{{ 1() }}",
		fails:    "TypeError",
		says:     "'int' object is not callable",
	},
	{
		of: "expression call", name: "refuses what is undefined",
		template: "{{ nothing() }}",
		fails:    "UndefinedError",
		says:     "'nothing' is undefined",
	},
	{
		of: "expression call", name: "refuses a keyword that it does not know",
		template: "{{ range(x=1) }}",
		fails:    "TypeError",
		says:     "range expected 1 to 3 arguments, got 1",
		differs:  "the words are this package's own",
	},
	{
		of: "expression call", name: "takes a list and a mapping of arguments",
		template: "{{ dict(*[[['a', 1]]], **{'b': 2}) }}",
		want:     "{'a': 1, 'b': 2}",
	},
	{
		of: "expression call", name: "refuses an argument that is given twice",
		template: "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, a=2) }}",
		fails:    "TypeError",
		says:     "macro 'm' takes no keyword argument 'a'",
	},
	{
		of: "expression order", name: "has filters bind tighter than operators",
		template: "{{ 1 + 2|string|length }} {{ -1|abs }} {{ 'a' ~ 'b'|upper }}",
		want:     "2 1 aB",
	},
	{
		of: "expression order", name: "has tests bind tighter than not",
		template: "{{ not 1 is odd }} {{ 1 is not odd }}",
		want:     "False False",
	},
	{
		of: "expression order", name: "has ~ bind weaker than +",
		template: "{{ 1 ~ 2 + 3 }}",
		fails:    "TypeError",
		says:     `can only concatenate str (not "int") to str`,
	},
	{
		of: "expression order", name: "has products before sums",
		template: "{{ 2 + 3 * 4 }} {{ (2 + 3) * 4 }} {{ 7 - 2 - 1 }} {{ 2 * 3 % 4 }}",
		want:     "14 20 4 2",
	},
}
