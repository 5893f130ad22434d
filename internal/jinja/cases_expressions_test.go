package jinja_test

// expressionCases says what operators and expressions do, and where mistakes in a
// template are found.
var expressionCases = []namedCase{
	{
		of: "operator +", name: "adds numbers, joins text and lists",
		template: "{{ 1 + 2 }} {{ 1 + 0.5 }} {{ 'a' + 'b' }} {{ [1] + [2] }} {{ (1,) + (2,) }}",
		want:     "3 1.5 ab [1, 2] (1, 2)",
	},
	{
		of: "operator +", name: "refuses text beside numbers",
		template: "{{ 'a' + 1 }}",
		fails:    "TypeError",
		says:     `can only concatenate str (not "int") to str`,
	},
	{
		of: "operator +", name: "refuses what is undefined",
		template: "{{ nothing + 1 }}",
		fails:    "UndefinedError",
		says:     "'nothing' is undefined",
	},
	{
		of: "operator -", name: "takes away and negates",
		template: "{{ 3 - 5 }} {{ -3 }} {{ 2.5 - 1 }}",
		want:     "-2 -3 1.5",
	},
	{
		of: "operator *", name: "multiplies and repeats",
		template: "{{ 3 * 4 }} {{ 'ab' * 2 }} {{ [0] * 3 }} {{ 2 * 'x' }} {{ 'x' * -1 }}",
		want:     "12 abab [0, 0, 0] xx ",
	},
	{
		of: "operator /", name: "gives a float always",
		template: "{{ 4 / 2 }} {{ 1 / 4 }}",
		want:     "2.0 0.25",
	},
	{
		of: "operator /", name: "fails for zero",
		template: "{{ 1 / 0 }}",
		fails:    "ZeroDivisionError",
		says:     "division by zero",
	},
	{
		of: "operator //", name: "rounds down, not toward zero",
		template: "{{ 7 // 2 }} {{ -7 // 2 }} {{ 7.5 // 2 }}",
		want:     "3 -4 3.0",
	},
	{
		of: "operator %", name: "gives a rest with the sign of the divisor",
		template: "{{ 7 % 3 }} {{ -7 % 3 }} {{ 7 % -3 }}",
		want:     "1 2 -2",
	},
	{
		of: "operator %", name: "formats text",
		template: "{{ '%s-%05.1f-%x-%5s|%-5s|' % ('a', 3.14159, 255, 'b', 'c') }}",
		want:     "a-003.1-ff-    b|c    |",
	},
	{
		of: "operator %", name: "formats named values of a mapping",
		template: "{{ '%(a)s%%' % {'a': 1} }}",
		want:     "1%",
	},
	{
		of: "operator **", name: "raises to a power from the left",
		template: "{{ 2 ** 3 }} {{ 2 ** -1 }} {{ 2 ** 3 ** 2 }}",
		want:     "8 0.5 64",
	},
	{
		of: "operator ~", name: "joins values as text",
		template: "{{ 1 ~ 'a' ~ none ~ 2.0 ~ [1] }}",
		want:     "1aNone2.0[1]",
	},
	{
		of: "operator ~", name: "joins what is undefined as nothing",
		template: "[{{ 'a' ~ nothing }}]",
		want:     "[a]",
	},
	{
		of: "operator ==", name: "compares numbers of all kinds",
		template: "{{ 1 == 1.0 }} {{ 1 == true }} {{ 'a' == 1 }}",
		want:     "True True False",
	},
	{
		of: "operator ==", name: "compares lists and mappings item by item",
		template: "{{ [1, [2]] == [1, [2]] }} {{ {'a': 1, 'b': 2} == {'b': 2, 'a': 1} }} {{ [1] == (1,) }}",
		want:     "True True False",
	},
	{
		of: "operator <", name: "compares in a chain",
		template: "{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }}",
		want:     "True False",
	},
	{
		of: "operator <", name: "compares text by its characters and lists item by item",
		template: "{{ 'a' < 'b' }} {{ 'B' < 'a' }} {{ [1, 2] < [1, 3] }}",
		want:     "True True True",
	},
	{
		of: "operator <", name: "refuses values of different kinds",
		template: "{{ 'a' < 1 }}",
		fails:    "TypeError",
		says:     "'<' not supported between instances of 'str' and 'int'",
	},
	{
		of: "operator in", name: "looks for a part",
		template: "{{ 'b' in 'abc' }} {{ 2 in [1,2] }} {{ 'a' in {'a': 1} }} {{ 1 in range(3) }} {{ 3 not in [1] }}",
		want:     "True True True True True",
	},
	{
		of: "operator in", name: "refuses to look for a number in text",
		template: "{{ 1 in 'a1' }}",
		fails:    "TypeError",
		says:     "'in <string>' requires string as left operand, not int",
	},
	{
		of: "operator and", name: "gives the value that decides",
		template: "{{ 1 and 'a' }} {{ 0 and 'a' }} {{ '' or 'b' }} {{ 'a' or 'b' }}",
		want:     "a 0 b a",
	},
	{
		of: "operator and", name: "does not look at what cannot decide",
		template: "{{ false and nothing.x }} {{ true or nothing.x }}",
		want:     "False True",
	},
	{
		of: "operator not", name: "gives a boolean",
		template: "{{ not 1 }} {{ not '' }} {{ not nothing }}",
		want:     "False True True",
	},
	{
		of: "operator not", name: "binds looser than a comparison",
		template: "{{ not 1 == 2 }}",
		want:     "True",
	},
	{
		of: "expression if", name: "chooses a value",
		template: "{{ 'a' if true else 'b' }} {{ 'a' if 0 else 'b' }}",
		want:     "a b",
	},
	{
		of: "expression if", name: "gives something undefined without else",
		template: "[{{ 'a' if false }}]",
		want:     "[]",
	},
	{
		of: "expression member", name: "reads an attribute first after a dot and a key first in brackets",
		template: "{{ {'items': 1}['items'] }} {{ {'items': 1}.items is callable }}",
		want:     "1 True",
	},
	{
		of: "expression member", name: "reads a key after a dot",
		template: "{{ {'a': {'b': 2}}.a.b }}",
		want:     "2",
	},
	{
		of: "expression member", name: "counts from the end for negative numbers",
		template: "{{ [1,2,3][-1] }} {{ 'abc'[-2] }}",
		want:     "3 b",
	},
	{
		of: "expression member", name: "gives something undefined beyond the end",
		template: "[{{ [1][5] }}] {{ [1][5] is defined }}",
		want:     "[] False",
	},
	{
		of: "expression member", name: "fails for a member of what is undefined",
		template: "{{ nothing.x }}",
		fails:    "UndefinedError",
		says:     "'nothing' is undefined",
	},
	{
		of: "expression member", name: "fails for a member of a missing member",
		template: "{{ {}.a.b }}",
		fails:    "UndefinedError",
		says:     "'dict object' has no attribute 'a'",
	},
	{
		of: "expression slice", name: "takes a part of a list or a text",
		template: "{{ [1,2,3,4][1:3] }} {{ 'abcd'[:2] }} {{ 'abcd'[2:] }}",
		want:     "[2, 3] ab cd",
	},
	{
		of: "expression slice", name: "counts from the end for negative numbers",
		template: "{{ [1,2,3,4][-2:] }} {{ 'abcd'[:-1] }}",
		want:     "[3, 4] abc",
	},
	{
		of: "expression slice", name: "takes steps",
		template: "{{ [1,2,3,4][::2] }} {{ 'abcd'[::-1] }} {{ [1,2,3,4][3:0:-2] }}",
		want:     "[1, 3] dcba [4, 2]",
	},
	{
		of: "expression slice", name: "gives what there is beyond the ends",
		template: "{{ [1,2][5:] }} {{ 'ab'[-9:9] }}",
		want:     "[] ab",
	},
	{
		of: "expression slice", name: "fails for a step of zero",
		template: "{{ [1][::0] }}",
		fails:    "ValueError",
		says:     "slice step cannot be zero",
	},
	{
		of: "expression literal", name: "reads numbers in all forms",
		template: "{{ 1_000 }} {{ 0x1f }} {{ 0b11 }} {{ 0o17 }} {{ 1.5e3 }} {{ 1e-7 }}",
		want:     "1000 31 3 15 1500.0 1e-07",
	},
	{
		of: "expression literal", name: "reads escapes in text",
		template: `{{ '\x41\u00e4\t|\\|\'' }}`,
		want:     "Aä\t|\\|'",
	},
	{
		of: "expression literal", name: "joins texts that stand one behind another",
		template: `{{ 'a' 'b' "c" }}`,
		want:     "abc",
	},
	{
		of: "expression literal", name: "writes lists, tuples and mappings as Python does",
		template: "{{ [1, 'a', none, true] }} {{ (1,) }} {{ {'a': 1.0} }}",
		want:     "[1, 'a', None, True] (1,) {'a': 1.0}",
	},
	{
		of: "expression literal", name: "writes text inside a list with the marks that it lacks",
		template: `{{ ["it's", 'say "x"', 'a\nb'] }}`,
		want:     `["it's", 'say "x"', 'a\nb']`,
	},
	{
		of: "expression literal", name: "writes floats with a fraction or an exponent",
		template: "{{ 1.0 }} {{ 1e16 }} {{ 0.0001 }} {{ 1e-5 }} {{ 123456789.0 }}",
		want:     "1.0 1e+16 0.0001 1e-05 123456789.0",
	},
	{
		of: "expression order", name: "binds products before sums, and joins before sums",
		template: "{{ 1 + 2 * 3 }} {{ 1 ~ 2 * 3 }} {{ (1 + 2) * 3 }}",
		want:     "7 16 9",
	},
	{
		of: "expression order", name: "applies a filter before an operator",
		template: "{{ 1 + 2|abs }} {{ -3|abs }} {{ 'a' ~ 'b'|upper }}",
		want:     "3 3 aB",
	},
	{
		of: "expression order", name: "negates after a power",
		template: "{{ -2 ** 2 }}",
		want:     "4",
	},
	{
		of: "expression order", name: "applies a test before and and or",
		template: "{{ 1 is odd and 2 is even }} {{ not 1 is odd }}",
		want:     "True False",
	},
	{
		of: "space around tags", name: "goes where a minus stands",
		template: "a  {%- if true %}  b  {%- endif %}  c {{- 1 -}}  d",
		want:     "a  b  c1d",
	},
	{
		of: "space around tags", name: "stays where a plus stands",
		template: "{{ 'x' }}\n  {%+ if true +%}\n a{% endif %}",
		want:     "x\n  \n a",
	},
	{
		of: "space around tags", name: "goes before a block tag that begins a line",
		template: "{{ 'x' }}\n  {% if true %}\n  a\n  {% endif %}\nb",
		want:     "x\n  a\nb",
	},
	{
		of: "space around tags", name: "stays before an expression that begins a line",
		template: "a\n  {{ 1 }}\n  b",
		want:     "a\n  1\n  b",
	},
	{
		of: "space around tags", name: "goes at the end of the template with one line break",
		template: "a\n\n",
		want:     "a\n",
	},
	{
		of: "comment", name: "writes nothing",
		template: "a{# b {{ c }} #}d",
		want:     "ad",
	},
	{
		of: "comment", name: "loses the space that its minus names",
		template: "a {#- b -#} c",
		want:     "ac",
	},
	{
		of: "mistake in a template", name: "is found at an unknown tag",
		template: "{% nosuch %}",
		fails:    "TemplateSyntaxError",
		says:     "encountered unknown tag 'nosuch'",
		differs:  "the message is this package's own",
	},
	{
		of: "mistake in a template", name: "is found at a block without an end",
		template: "{% if true %}a",
		fails:    "TemplateSyntaxError",
		says:     "unexpected end of template, expected 'endif'",
		differs:  "the message is this package's own",
	},
	{
		of: "mistake in a template", name: "is found at an end without a block",
		template: "{% endif %}",
		fails:    "TemplateSyntaxError",
		says:     "encountered unknown tag 'endif'",
		differs:  "the message is this package's own",
	},
	{
		of: "mistake in a template", name: "is found at a filter that does not exist",
		template: "{{ 1|nosuch }}",
		fails:    "TemplateAssertionError",
		says:     "No filter named 'nosuch'.",
	},
	{
		of: "mistake in a template", name: "is found at a test that does not exist",
		template: "{{ 1 is nosuch }}",
		fails:    "TemplateAssertionError",
		says:     "No test named 'nosuch'.",
	},
	{
		of: "mistake in a template", name: "is found at a bracket without its partner",
		template: "{{ (1 }}",
		fails:    "TemplateSyntaxError",
		says:     "unexpected '}'",
		differs:  "the message is this package's own",
	},
	{
		of: "mistake in a template", name: "is found at text without an end",
		template: "{{ 'a }}",
		fails:    "TemplateSyntaxError",
		says:     "unexpected char '\\'': a string without an end",
		differs:  "the message is this package's own",
	},
	{
		of: "mistake in a template", name: "is found at a break outside of a loop",
		template: "{% break %}",
		fails:    "SyntaxError",
		says:     "'break' outside of a loop",
		differs:  "Python's compiler names a line of the compiled template",
	},
}
