package jinja_test

// gapCases are what a comparison of random expressions with Jinja brought up.
var gapCases = []namedCase{
	{
		of: "text isprintable", name: "asks of every character",
		template: `{{ 'a b'.isprintable() }}{{ ''.isprintable() }}{{ 'a\n'.isprintable() }}{{ '\u00a0'.isprintable() }}`,
		want:     "TrueTrueFalseFalse",
	},
	{
		of: "text isprintable", name: "takes no arguments",
		template: "{{ 'a'.isprintable(1) }}",
		fails:    "TypeError",
		says:     "str.isprintable() takes no arguments (1 given)",
	},
	{
		of: "text translate", name: "replaces, removes and keeps characters",
		template: "{{ 'abcd'.translate({97: 'xy', 98: none, 99: 66}) }}",
		want:     "xyBd",
	},
	{
		of: "text translate", name: "looks into lists and texts too",
		template: `{{ '\x00\x01a'.translate(['x', 65]) }}{{ '\x01'.translate('ab') }}`,
		want:     "xAab",
	},
	{
		of: "text translate", name: "refuses numbers that are no characters",
		template: "{{ 'a'.translate({97: 1114112}) }}",
		fails:    "ValueError",
		says:     "character mapping must be in range(0x110000)",
	},
	{
		of: "text translate", name: "refuses other values",
		template: "{{ 'a'.translate({97: 1.5}) }}",
		fails:    "TypeError",
		says:     "character mapping must return integer, None or str",
	},
	{
		of: "text translate", name: "refuses what has no items",
		template: "{{ 'a'.translate(1) }}",
		fails:    "TypeError",
		says:     "'int' object is not subscriptable",
	},
	{
		of: "filter translated", name: "text stays marked",
		template: "{% autoescape true %}{{ ('<'|safe).translate({97: 'b'}) }}{% endautoescape %}",
		want:     "<",
	},
	{
		of: "text lower", name: "ends Greek words with their own sigma",
		template: `{{ 'ΟΔΟΣ ΟΔΟΣΑ Σ ΑΣ, Α\'Σ\' ΑΣ\u0301Α'.lower() }}{{ 'ΑΣ'|lower }}{{ 'ΑΣ'|upper|capitalize }}{{ 'αΣ ΣΑΣ'.title() }}`,
		want:     "οδος οδοσα σ ας, α'ς' ασ́ααςΑςΑς Σας",
	},
	{
		of: "namespace", name: "keeps names with an underscore to itself",
		template: "{% set ns = namespace(_a=1, b=2) %}{% set ns._c = 3 %}[{{ ns._a }}{{ ns._c }}{{ ns['_a'] }}{{ ns.b }}]{{ ns._a is defined }}",
		want:     "[2]False",
	},
	{
		of: "namespace", name: "refuses what is done with a name with an underscore",
		template: "{% set ns = namespace(_a=1) %}{{ ns._a + 1 }}",
		fails:    "SecurityError",
		says:     "access to attribute '_a' of 'Namespace' object is unsafe.",
	},
	{
		of: "namespace", name: "has no such name where none was set",
		template: "{% set ns = namespace() %}{{ ns._a is defined }}{{ {'_a': 1}._a }}",
		want:     "False1",
	},
	{
		of: "namespace", name: "cannot be made of what is undefined",
		template: "{% set ns = namespace(nosuch) %}ok",
		fails:    "UndefinedError",
		says:     "'nosuch' is undefined",
	},
	{
		of: "filter unique", name: "takes missing members for equal",
		template: "{{ [{'r': 1, 'k': 1}, {'k': 2}, {'k': 3}]|unique(attribute='r')|map(attribute='k')|list }}",
		want:     "[1, 2]",
	},
	{
		of: "in", name: "finds no undefined value and no function in a mapping",
		template: "{{ nosuch in {'a': 1} }}{{ 'a'.upper in {'a': 1} }}{{ range(2) in {'a': 1} }}{{ {'a': 1}[nosuch] is defined }}",
		want:     "FalseFalseFalseFalse",
	},
	{
		of: "filter abs", name: "takes the sign off zero",
		template: "{{ -0.0|abs }}{{ (0.0 * -1)|abs }}",
		want:     "0.00.0",
	},
	{
		of: "filter round", name: "rounds whole numbers to tens, halves to even",
		template: "{{ 1234|round(-2) }} {{ 1250|round(-2) }} {{ 1350|round(-2) }} {{ -1250|round(-2) }} {{ -1251|round(-2) }} {{ 7|round(-1) }} {{ 5|round(-30) }} {{ true|round(-1) }}",
		want:     "1200 1200 1400 -1200 -1300 10 0 0",
	},
	{
		of: "range", name: "keeps its bounds when it is cut",
		template: "{{ range(5)[5:1:-2] }}{{ range(1, 9, 3)[1:] }}{{ range(5)[:0] }}",
		want:     "range(4, 1, -2)range(4, 10, 3)range(0, 0)",
	},
	{
		of: "range", name: "knows its items",
		template: "{{ range(1, 9, 3).index(4) }}{{ range(5).count(3) }}{{ range(5).count(3.0) }}{{ range(5).count('a') }}{{ range(1, 9, 3).start }}{{ range(9).stop }}{{ range(9).step }}",
		want:     "1110191",
	},
	{
		of: "range", name: "refuses to tell the place of what it has not",
		template: "{{ range(3).index(3) }}",
		fails:    "ValueError",
		says:     "3 is not in range",
	},
	{
		of: "range", name: "refuses to tell the place of other values",
		template: "{{ range(3).index('a') }}",
		fails:    "ValueError",
		says:     "sequence.index(x): x not in sequence",
	},
	{
		of: "numbers", name: "have the attributes of Python",
		template: "{{ (7).real }} {{ (2.5).imag }} {{ true.numerator }} {{ (7).denominator }} {{ (7).conjugate() }} {{ (2.0).is_integer() }}{{ (2.5).is_integer() }} {{ (255).bit_length() }} {{ (-255).bit_count() }} {{ (0.1).as_integer_ratio() }} {{ (3).as_integer_ratio() }}",
		want:     "7 0.0 1 1 7 TrueFalse 8 8 (3602879701896397, 36028797018963968) (3, 1)",
	},
	{
		of: "numbers", name: "have no others",
		template: "{{ (7).nosuch is defined }}{{ (2.5).numerator is defined }}",
		want:     "FalseFalse",
	},
	{
		of: "test filter", name: "refuses what cannot be a name",
		template: "{{ [1] is filter }}",
		fails:    "TypeError",
		says:     "unhashable type: 'list'",
	},
	{
		of: "test divisibleby", name: "takes floats",
		template: "{{ 2.5 is divisibleby(0.5) }}{{ 2.5 is divisibleby(2) }}",
		want:     "TrueFalse",
	},
	{
		of: "operator **", name: "refuses a float that is too large",
		template: "{{ 10.0 ** 400 }}",
		fails:    "OverflowError",
		says:     "(34, 'Numerical result out of range')",
	},
	{
		of: "filter min", name: "compares one item with nothing",
		template: "{{ [{'a': 1}]|min(attribute='n') }}",
		want:     "{'a': 1}",
	},
	{
		of: "filter first", name: "takes no arguments",
		template: "{{ [1]|first(2) }}",
		fails:    "TypeError",
		says:     "first() takes at most 0 arguments (1 given)",
		differs:  "the words are this package's own",
	},
	{
		of: "filter wordcount", name: "takes no arguments",
		template: "{{ 'a'|wordcount(1) }}",
		fails:    "TypeError",
		says:     "wordcount() takes at most 0 arguments (1 given)",
		differs:  "the words are this package's own",
	},
	{
		of: "filter items", name: "takes no arguments",
		template: "{{ {}|items(1)|list }}",
		fails:    "TypeError",
		says:     "items() takes at most 0 arguments (1 given)",
		differs:  "the words are this package's own",
	},
	{
		of: "filter map", name: "says what it misses when it is read",
		template: "{% set a = [1]|map %}{% set b = []|map %}{{ b|list }}{{ a|list }}",
		fails:    "FilterArgumentError",
		says:     "map requires a filter argument",
	},
	{
		of: "text isupper", name: "takes no arguments",
		template: "{{ 'A'.isupper(1) }}",
		fails:    "TypeError",
		says:     "str.isupper() takes no arguments (1 given)",
	},
	{
		of: "global dict", name: "is a class",
		template: "{{ dict }}{{ self }}{{ namespace }}",
		want:     "<class 'dict'><TemplateReference None><class 'jinja2.utils.Namespace'>",
	},
	{
		of: "macro default", name: "that is named as its parameter does not see what is outside",
		template: "{% set c = 5 %}{% macro m(a, c=c|default('none')) %}{{ a }}{{ c }}{% endmacro %}{{ m(1) }}{{ m(1, 2) }}",
		want:     "1none12",
	},
	{
		of: "operator **", name: "is right to the last digit",
		template: "{{ 3.7 ** 7 }} {{ 1.1 ** -3 }} {{ (-2.5) ** 3 }} {{ 1.0000001 ** 1000 }} {{ 2 ** 0.5 }} {{ 0.0 ** 2 }}",
		want:     "9493.187713300003 0.7513148009015775 -15.625 1.0001000049952247 1.4142135623730951 0.0",
	},
	{
		of: "method of marked text", name: "takes no arguments where it has none",
		template: "{{ ('<'|safe).unescape(1) }}",
		fails:    "TypeError",
		says:     "Markup.unescape() takes 1 positional argument but 2 were given",
	},
	{
		of: "in", name: "finds no values in a mapping",
		template: "{{ {}.values() in {} }}",
		want:     "False",
	},
	{
		of: "in", name: "refuses keys in a mapping",
		template: "{{ {}.keys() in {} }}",
		fails:    "TypeError",
		says:     "unhashable type: 'dict_keys'",
	},
}
