package jinja_test

// moreStatementCases say of the corners of statements, and what they refuse.
var moreStatementCases = []namedCase{
	{
		of: "statement block", name: "is its body",
		template: "{% block a %}x{% endblock a %}y",
		want:     "xy",
	},
	{
		of: "statement break", name: "ends the inner loop only",
		template: "{% for i in [1, 2] %}{% for j in [1, 2] %}{% if j == 2 %}{% break %}{% endif %}{{ i }}{{ j }} {% endfor %}{% endfor %}",
		want:     "11 21 ",
	},
	{
		of: "statement call", name: "hands a body to a macro",
		template: "{% macro m(a) %}[{{ a }}:{{ caller() }}]{% endmacro %}{% call m(1) %}x{% endcall %}",
		want:     "[1:x]",
	},
	{
		of: "statement call", name: "hands values to the body",
		template: "{% macro m() %}{{ caller(1, b=2) }}{% endmacro %}{% call(a, b) m() %}{{ a }}{{ b }}{% endcall %}",
		want:     "12",
	},
	{
		of: "statement call", name: "is refused by a macro that has no caller",
		template: "{% macro m() %}{% endmacro %}{% call m() %}x{% endcall %}",
		fails:    "TypeError",
		says:     "macro 'm' takes no keyword argument 'caller'",
		differs:  "the words are this package's own",
	},
	{
		of: "statement filter", name: "takes several filters",
		template: "{% filter upper|replace('B', 'x') %}abc{% endfilter %}",
		want:     "AxC",
	},
	{
		of: "statement filter", name: "refuses a filter that is not there",
		template: "{% filter nosuch %}a{% endfilter %}",
		fails:    "TemplateAssertionError",
		says:     "No filter named 'nosuch'.",
	},
	{
		of: "statement for", name: "takes a condition, which loop.length counts",
		template: "{% for i in range(6) if i % 2 %}{{ i }}/{{ loop.length }} {% endfor %}",
		want:     "1/3 3/3 5/3 ",
	},
	{
		of: "statement for", name: "takes pairs apart",
		template: "{% for a, b in [(1, 2), (3, 4)] %}{{ a }}{{ b }} {% endfor %}",
		want:     "12 34 ",
	},
	{
		of: "statement for", name: "takes nested pairs apart",
		template: "{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
		want:     "123",
	},
	{
		of: "statement for", name: "refuses too few values",
		template: "{% for a, b in [(1,)] %}{% endfor %}",
		fails:    "ValueError",
		says:     "not enough values to unpack (expected 2, got 1)",
	},
	{
		of: "statement for", name: "refuses too many values",
		template: "{% for a, b in [(1, 2, 3)] %}{% endfor %}",
		fails:    "ValueError",
		says:     "too many values to unpack (expected 2)",
	},
	{
		of: "statement for", name: "refuses what has no items",
		template: "{% for a in 1 %}{% endfor %}",
		fails:    "TypeError",
		says:     "'int' object is not iterable",
	},
	{
		of: "statement for", name: "refuses none",
		template: "{% for a in none %}{% endfor %}",
		fails:    "TypeError",
		says:     "'NoneType' object is not iterable",
	},
	{
		of: "statement for", name: "goes through the characters of a text",
		template: "{% for c in 'äb' %}{{ c }},{% endfor %}",
		want:     "ä,b,",
	},
	{
		of: "statement for", name: "goes through nothing for what is undefined",
		template: "{% for a in nothing %}x{% else %}none{% endfor %}",
		want:     "none",
	},
	{
		of: "statement for", name: "forgets its variable",
		template: "{% for a in [1] %}{% endfor %}[{{ a }}]",
		want:     "[]",
	},
	{
		of: "statement for", name: "calls itself where it is recursive",
		template: "{% for x in [[1, [2]], 3] recursive %}{% if x is iterable %}({{ loop(x) }}){% else %}{{ x }}{% endif %}{% endfor %}",
		want:     "(1(2))3",
	},
	{
		of: "statement for", name: "has no loop to call where it is not recursive",
		template: "{% for x in [[1]] %}{{ loop(x) }}{% endfor %}",
		fails:    "TypeError",
		says:     "The loop must have the 'recursive' marker to be called recursively.",
	},
	{
		of: "statement generation", name: "is its body",
		template: "{% generation %}a{% endgeneration %}",
		want:     "a",
	},
	{
		of: "statement if", name: "takes elif and else",
		template: "{% if 0 %}a{% elif 1 %}b{% else %}c{% endif %}{% if 0 %}a{% elif '' %}b{% else %}c{% endif %}",
		want:     "bc",
	},
	{
		of: "statement if", name: "keeps what is set in it",
		template: "{% if true %}{% set a = 1 %}{% endif %}{{ a }}",
		want:     "1",
	},
	{
		of: "statement macro", name: "has defaults that are worked out at the call",
		template: "{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, 2) }}",
		want:     "1112",
	},
	{
		of: "statement macro", name: "leaves what is not given undefined",
		template: "{% macro m(a) %}[{{ a }}]{% endmacro %}{{ m() }}",
		want:     "[]",
	},
	{
		of: "statement macro", name: "takes more where it names varargs and kwargs",
		template: "{% macro m(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, x=4) }}",
		want:     "1(2, 3){'x': 4}",
	},
	{
		of: "statement macro", name: "refuses more",
		template: "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}",
		fails:    "TypeError",
		says:     "macro 'm' takes not more than 1 argument(s)",
	},
	{
		of: "statement macro", name: "refuses a keyword that it does not know",
		template: "{% macro m(a) %}{% endmacro %}{{ m(b=1) }}",
		fails:    "TypeError",
		says:     "macro 'm' takes no keyword argument 'b'",
	},
	{
		of: "statement macro", name: "has attributes",
		template: "{% macro m(a, b=1) %}{{ caller }}{% endmacro %}{{ m.name }} {{ m.arguments }} {{ m.catch_varargs }} {{ m.catch_kwargs }} {{ m.caller }}",
		want:     "m ('a', 'b') False False True",
	},
	{
		of: "statement macro", name: "does not see variables of a loop around its call",
		template: "{% macro m() %}[{{ i }}]{% endmacro %}{% for i in [1] %}{{ m() }}{% endfor %}",
		want:     "[]",
	},
	{
		of: "statement macro", name: "calls another",
		template: "{% macro a(x) %}<{{ x }}>{% endmacro %}{% macro b(x) %}{{ a(x) ~ a(x) }}{% endmacro %}{{ b(1) }}",
		want:     "<1><1>",
	},
	{
		of: "statement raw", name: "leaves tags alone",
		template: "{% raw %}{{ a }}{% if %}{# c #}{% endraw %}",
		want:     "{{ a }}{% if %}{# c #}",
	},
	{
		of: "statement raw", name: "trims where it is asked",
		template: "a {%- raw -%} {{ b }} {%- endraw -%} c",
		want:     "a{{ b }}c",
	},
	{
		of: "statement set", name: "takes several values apart",
		template: "{% set a, b = 1, 2 %}{{ b }}{{ a }}",
		want:     "21",
	},
	{
		of: "statement set", name: "takes a body",
		template: "{% set a %}x{{ 1 + 1 }}{% endset %}{{ a }}",
		want:     "x2",
	},
	{
		of: "statement set", name: "takes a body through filters",
		template: "{% set a | upper %}x{% endset %}{{ a }}",
		want:     "X",
	},
	{
		of: "statement set", name: "is forgotten behind a loop",
		template: "{% set a = 1 %}{% for i in [1, 2] %}{% set a = i + 1 %}{% endfor %}{{ a }}",
		want:     "1",
	},
	{
		of: "statement set", name: "changes a namespace in a loop",
		template: "{% set n = namespace(a=1) %}{% for i in [1, 2] %}{% set n.a = n.a + i %}{% endfor %}{{ n.a }}",
		want:     "4",
	},
	{
		of: "statement set", name: "refuses an attribute of what is no namespace",
		template: "{% set d = {} %}{% set d.a = 1 %}",
		fails:    "TemplateRuntimeError",
		says:     "cannot assign attribute on non-namespace object",
	},
	{
		of: "statement set", name: "refuses too few values",
		template: "{% set a, b = [1] %}",
		fails:    "ValueError",
		says:     "not enough values to unpack (expected 2, got 1)",
	},
	{
		of: "statement with", name: "binds names for its body",
		template: "{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}[{{ a }}]",
		want:     "12[]",
	},
	{
		of: "statement with", name: "does not see names of its own head",
		template: "{% set a = 5 %}{% with a = 1, b = a %}{{ b }}{% endwith %}",
		want:     "5",
	},
	{
		of: "variable loop", name: "knows its place",
		template: "{% for i in 'abc' %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }} {% endfor %}",
		want:     "1032TrueFalse 2121FalseFalse 3210FalseTrue ",
	},
	{
		of: "variable loop", name: "knows its neighbours",
		template: "{% for i in [1, 2, 3] %}{{ loop.previtem }}<{{ i }}>{{ loop.nextitem }} {% endfor %}",
		want:     "<1>2 1<2>3 2<3> ",
	},
	{
		of: "variable loop", name: "takes turns",
		template: "{% for i in range(4) %}{{ loop.cycle('a', 'b') }}{% endfor %}",
		want:     "abab",
	},
	{
		of: "variable loop", name: "refuses turns of nothing",
		template: "{% for i in [1] %}{{ loop.cycle() }}{% endfor %}",
		fails:    "TypeError",
		says:     "no items for cycling given",
	},
	{
		of: "variable loop", name: "sees changes",
		template: "{% for i in [1, 1, 2] %}{{ loop.changed(i) }} {% endfor %}",
		want:     "True False True ",
	},
	{
		of: "variable loop", name: "knows its depth",
		template: "{% for x in [[1]] recursive %}{{ loop.depth }}{{ loop.depth0 }}{% if x is iterable %}{{ loop(x) }}{% endif %}{% endfor %}",
		want:     "1021",
	},
	{
		of: "variable loop", name: "of the outer loop needs a name",
		template: "{% for i in [1, 2] %}{% set outer = loop %}{% for j in [1] %}{{ outer.index }}{{ loop.index }} {% endfor %}{% endfor %}",
		want:     "11 21 ",
	},
	{
		of: "variable loop", name: "is not there outside",
		template: "[{{ loop }}]",
		want:     "[]",
	},
	{
		of: "variable loop", name: "has no other attribute",
		template: "[{% for i in [1] %}{{ loop.x }}{% endfor %}]",
		want:     "[]",
	},
}
