package jinja_test

// relativeCases say of filters and statements what lies beside the plain use of them:
// empty, wrong and foreign values.
var relativeCases = []namedCase{
	{
		of: "filter urlencode", name: "joins pairs of a list",
		template: "{{ [('a', 'b&c'), ('d/e', none)]|urlencode }}",
		want:     "a=b%26c&d%2Fe=None",
	},
	{
		of: "filter urlencode", name: "takes texts of two characters for pairs",
		template: "{{ ['ab']|urlencode }}",
		want:     "a=b",
	},
	{
		of: "filter urlencode", name: "refuses items that are no pairs",
		template: "{{ [1]|urlencode }}",
		fails:    "TypeError",
		says:     "cannot unpack non-iterable int object",
	},
	{
		of: "filter urlencode", name: "refuses items of three",
		template: "{{ ['abc']|urlencode }}",
		fails:    "ValueError",
		says:     "too many values to unpack (expected 2)",
	},
	{
		of: "filter urlencode", name: "refuses items of one",
		template: "{{ ['a']|map('upper')|urlencode }}",
		fails:    "ValueError",
		says:     "not enough values to unpack (expected 2, got 1)",
	},
	{
		of: "filter urlencode", name: "writes nothing for what has no pairs",
		template: "[{{ {}|urlencode }}{{ nosuch|urlencode }}]",
		want:     "[]",
	},
	{
		of: "filter urlencode", name: "writes numbers and none as text",
		template: "{{ 12|urlencode }} {{ none|urlencode }}",
		want:     "12 None",
	},
	{
		of: "filter urlencode", name: "joins the items of a view",
		template: "{{ {'a': [1, 'b']}.items()|urlencode }}",
		want:     "a=%5B1%2C+%27b%27%5D",
	},
	{
		of: "filter format", name: "takes names alone",
		template: "{{ '%(a)s'|format(a=1) }}",
		want:     "1",
	},
	{
		of: "filter trim", name: "takes its characters by name",
		template: "{{ 'xax'|trim(chars='x') }}",
		want:     "a",
	},
	{
		of: "filter slice", name: "gives nothing for fewer than none",
		template: "{{ [1]|slice(-1)|list }}",
		want:     "[]",
	},
	{
		of: "filter slice", name: "is not asked before it is read",
		template: "{% set x = [1]|slice(0) %}ok",
		want:     "ok",
	},
	{
		of: "filter dictsort", name: "refuses none",
		template: "{{ none|dictsort }}",
		fails:    "AttributeError",
		says:     "'NoneType' object has no attribute 'items'",
	},
	{
		of: "filter dictsort", name: "fails for what is undefined",
		template: "{{ nosuch|dictsort }}",
		fails:    "UndefinedError",
		says:     "'nosuch' is undefined",
	},
	{
		of: "filter int", name: "reads full-width and Devanagari digits",
		template: "{{ '１２'|int }} {{ '-४२'|int }} {{ '²'|int }}",
		want:     "12 -42 0",
	},
	{
		of: "filter int", name: "reads single underscores between digits",
		template: "{{ '1_2'|int }} {{ '1__2'|int }} {{ '_1'|int }} {{ '1_'|int }}",
		want:     "12 0 0 0",
	},
	{
		of: "filter int", name: "takes a prefix that fits the base",
		template: "{{ '0x1F'|int(0, 16) }} {{ '0x_1f'|int(0, 16) }} {{ '-0o17'|int(0, 8) }} {{ '0b1'|int(9, 16) }}",
		want:     "31 31 -15 177",
	},
	{
		of: "filter int", name: "leaves the base to a prefix for base 0",
		template: "{{ '0x1f'|int(9, 0) }} {{ '017'|int(9, 0) }} {{ '00'|int(9, 0) }}",
		want:     "31 17 0",
	},
	{
		of: "filter int", name: "keeps numbers of any length",
		template: "{{ '99999999999999999999'|int }} {{ '1e20'|int }} {{ 1e20|int }}",
		want:     "99999999999999999999 100000000000000000000 100000000000000000000",
	},
	{
		of: "filter int", name: "gives the default for what is infinite",
		template: "{{ 'inf'|int(3) }} {{ 'nan'|int(3) }} {{ '1e400'|int(3) }}",
		want:     "3 3 3",
	},
	{
		of: "filter int", name: "refuses an infinite float",
		template: "{% set x %}inf{% endset %}{{ x|float|int(3) }}",
		fails:    "OverflowError",
		says:     "cannot convert float infinity to integer",
	},
	{
		of: "filter int", name: "fails for what is undefined",
		template: "{{ nosuch|int(4) }}",
		fails:    "UndefinedError",
		says:     "'nosuch' is undefined",
	},
	{
		of: "filter float", name: "reads digits of other scripts",
		template: "{{ '٤٢.٥'|float }} {{ '१e२'|float }}",
		want:     "42.5 100.0",
	},
	{
		of: "filter float", name: "reads single underscores between digits",
		template: "{{ '1_0'|float }} {{ '1__0'|float }} {{ '1_.5'|float }} {{ '1.5_0'|float }}",
		want:     "10.0 0.0 0.0 1.5",
	},
	{
		of: "filter float", name: "reads numbers without an end",
		template: "{{ '-Infinity'|float }} {{ '-nan'|float }} {{ '1e400'|float }} {{ '-1e400'|float }} {{ 'infi'|float }}",
		want:     "-inf nan inf -inf 0.0",
	},
	{
		of: "filter float", name: "fails for what is undefined",
		template: "{{ nosuch|float(4) }}",
		fails:    "UndefinedError",
		says:     "'nosuch' is undefined",
	},
	{
		of: "filter upper", name: "makes several letters of one",
		template: "{{ 'ﬁ ß ΐ ǰ և ᾳ'|upper }}",
		want:     "FI SS Ϊ́ J̌ ԵՒ ΑΙ",
	},
	{
		of: "filter title", name: "makes several letters of one",
		template: "{{ 'ßx ﬁx'|title }}",
		want:     "SSx FIx",
	},
	{
		of: "statement macro", name: "tells what it takes",
		template: "{% macro m(caller=none) %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m.arguments }} {{ m.catch_varargs }} {{ m.catch_kwargs }} {{ m.explicit_caller }} {{ m['name'] }} {{ m.nosuch is defined }}",
		want:     "('caller',) True True True m False",
	},
	{
		of: "statement call", name: "makes a macro without a name",
		template: "{% macro m() %}{{ caller.name }} {{ caller.arguments }} {{ caller.caller }} {{ caller }}{% endmacro %}{% call(x) m() %}a{% endcall %}",
		want:     "None ('x',) False <Macro anonymous>",
	},
	{
		of: "statement call", name: "says so where it is called wrongly",
		template: "{% macro m() %}{{ caller(1) }}{% endmacro %}{% call m() %}a{% endcall %}",
		fails:    "TypeError",
		says:     "macro None takes not more than 0 argument(s)",
	},
	{
		of: "global lipsum", name: "can be called",
		template: "{{ lipsum is callable }}",
		want:     "True",
	},
	{
		of: "statement include", name: "fails only where it is reached",
		template: "{% if false %}{% include 'a' %}{% endif %}ok",
		want:     "ok",
	},
	{
		of: "statement include", name: "has nothing to load from, missing or not",
		template: "{% include 'a' ignore missing with context %}",
		fails:    "TypeError",
		says:     "no loader for this environment specified",
	},
	{
		of: "statement include", name: "fails for no names",
		template: "{% include [] %}",
		fails:    "TemplatesNotFound",
		says:     "Tried to select from an empty list of templates.",
	},
	{
		of: "statement include", name: "ignores no names",
		template: "{% include [] ignore missing %}ok",
		want:     "ok",
	},
	{
		of: "statement include", name: "refuses a number",
		template: "{% include 1 %}",
		fails:    "TypeError",
		says:     "'int' object is not iterable",
	},
	{
		of: "statement import", name: "fails only where it is reached",
		template: "{% if false %}{% import 'a' as b with context %}{% endif %}ok",
		want:     "ok",
	},
	{
		of: "statement import", name: "has nothing to load from",
		template: "{% from 'a' import b, c as d without context %}",
		fails:    "TypeError",
		says:     "no loader for this environment specified",
	},
	{
		of: "statement import", name: "refuses names with an underline",
		template: "{% from 'a' import _b %}",
		fails:    "TemplateAssertionError",
		says:     "names starting with an underline can not be imported",
	},
	{
		of: "statement extends", name: "fails only where it is reached",
		template: "{% if false %}{% extends 'a' %}{% endif %}ok",
		want:     "ok",
	},
	{
		of: "statement break", name: "ends the loop around a set block",
		template: "{% for a in [1, 2] %}{{ a }}{% set b %}x{% break %}{% endset %}{{ b }}{% endfor %}",
		want:     "1",
	},
	{
		of: "statement break", name: "ends the loop around a filter block",
		template: "{% for a in [1, 2] %}{{ a }}{% filter upper %}x{% break %}{% endfilter %}{% endfor %}",
		want:     "1",
	},
	{
		of: "statement continue", name: "goes on behind a set block",
		template: "{% for a in [1, 2] %}{{ a }}{% set b %}x{% continue %}{% endset %}y{% endfor %}",
		want:     "12",
	},
	{
		of: "expression slice", name: "that is refused is undefined if it is constant",
		template: "[{{ 1[1:2] }}{{ [1]['a':] is defined }}]",
		want:     "[False]",
	},
	{
		of: "expression slice", name: "fails where what is undefined is used",
		template: "{{ {'a': 1}[1:2].x }}",
		fails:    "TypeError",
		says:     "unhashable type: 'slice'",
	},
	{
		of: "expression slice", name: "that is refused fails if it is not constant",
		template: "{% set x = 'abc' %}{{ x['a':] }}",
		fails:    "TypeError",
		says:     "slice indices must be integers or None or have an __index__ method",
	},
	{
		of: "expression slice", name: "refuses a step of zero in any case",
		template: "{{ 'abc'[::0] }}",
		fails:    "ValueError",
		says:     "slice step cannot be zero",
	},
	{
		of: "expression slice", name: "takes ends beyond all numbers",
		template: "{{ 'abc'[-99999999999999999999:99999999999999999999] }}",
		want:     "abc",
	},
	{
		of: "filter groupby", name: "takes a default of none for no default",
		template: "{{ [{'b': 1}]|groupby('a', default=none) }}",
		want:     "[(Undefined, [{'b': 1}])]",
	},
	{
		of: "filter groupby", name: "puts the default in the place of each part of a path",
		template: "{{ [{'b': 1}]|groupby('a.b', default=7)|list }}",
		want:     "[(7, [{'b': 1}])]",
	},
	{
		of: "filter map", name: "puts the default in the place of each part of a path",
		template: "{{ [{}, {'a': {'b': 2}}]|map(attribute='a.b', default=7)|list }}",
		want:     "[7, 2]",
	},
}
