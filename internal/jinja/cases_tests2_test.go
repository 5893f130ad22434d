package jinja_test

// moreTestCases say of the corners of tests, and what they refuse.
var moreTestCases = []namedCase{
	{
		of: "test divisibleby", name: "refuses a text",
		template: "{{ 'a' is divisibleby 2 }}",
		fails:    "TypeError",
		says:     "not all arguments converted during string formatting",
	},
	{
		of: "test defined", name: "is true of none and false of a key that is not there",
		template: "{{ none is defined }} {{ {}.a is defined }}",
		want:     "True False",
	},
	{
		of: "test in", name: "refuses a number",
		template: "{{ 1 is in 2 }}",
		fails:    "TypeError",
		says:     "argument of type 'int' is not iterable",
	},
	{
		of: "test odd", name: "refuses a text",
		template: "{{ 'a' is odd }}",
		fails:    "TypeError",
		says:     "not all arguments converted during string formatting",
	},
	{
		of: "test even", name: "of zero and of negative numbers",
		template: "{{ 0 is even }} {{ -3 is even }}",
		want:     "True False",
	},
	{
		of: "test none", name: "is false of what is undefined",
		template: "{{ nothing is none }}",
		want:     "False",
	},
	{
		of: "test string", name: "is false of numbers",
		template: "{{ 1 is string }} {{ '' is string }}",
		want:     "False True",
	},
	{
		of: "test number", name: "is true of a truth",
		template: "{{ true is number }} {{ '1' is number }}",
		want:     "True False",
	},
	{
		of: "test integer", name: "is false of a truth and of floats",
		template: "{{ true is integer }} {{ 1.0 is integer }} {{ 1 is integer }}",
		want:     "False False True",
	},
	{
		of: "test float", name: "is false of whole numbers",
		template: "{{ 1 is float }} {{ 1.0 is float }}",
		want:     "False True",
	},
	{
		of: "test sequence", name: "is true of mappings and texts",
		template: "{{ {} is sequence }} {{ '' is sequence }} {{ 1 is sequence }}",
		want:     "True True False",
	},
	{
		of: "test iterable", name: "is true of what is undefined",
		template: "{{ nothing is iterable }} {{ 1 is iterable }}",
		want:     "True False",
	},
	{
		of: "test mapping", name: "is false of lists",
		template: "{{ [] is mapping }} {{ {} is mapping }}",
		want:     "False True",
	},
	{
		of: "test callable", name: "is true of macros",
		template: "{% macro m() %}{% endmacro %}{{ m is callable }} {{ range is callable }} {{ 1 is callable }}",
		want:     "True True False",
	},
	{
		of: "test sameas", name: "is false of equal lists",
		template: "{{ [1] is sameas [1] }} {{ true is sameas true }} {{ 1 is sameas true }}",
		want:     "False True False",
	},
	{
		of: "test lower", name: "needs a letter",
		template: "{{ 'ab' is lower }} {{ '1' is lower }}",
		want:     "True False",
	},
	{
		of: "test upper", name: "needs a letter",
		template: "{{ 'AB' is upper }} {{ '1' is upper }}",
		want:     "True False",
	},
	{
		of: "test boolean", name: "is false of numbers",
		template: "{{ 0 is boolean }} {{ false is boolean }}",
		want:     "False True",
	},
	{
		of: "test true", name: "is false of one",
		template: "{{ 1 is true }} {{ true is true }}",
		want:     "False True",
	},
	{
		of: "test false", name: "is false of zero",
		template: "{{ 0 is false }} {{ false is false }}",
		want:     "False True",
	},
	{
		of: "test filter", name: "knows names",
		template: "{{ 'upper' is filter }} {{ 'nosuch' is filter }}",
		want:     "True False",
	},
	{
		of: "test test", name: "knows names",
		template: "{{ 'odd' is test }} {{ 'nosuch' is test }}",
		want:     "True False",
	},
	{
		of: "test undefined", name: "is false of an empty text",
		template: "{{ '' is undefined }} {{ nothing is undefined }}",
		want:     "False True",
	},
	{
		of: "test gt", name: "refuses a number and a text",
		template: "{{ 1 is gt 'a' }}",
		fails:    "TypeError",
		says:     "'>' not supported between instances of 'int' and 'str'",
	},
	{
		of: "test eq", name: "takes an argument without brackets",
		template: "{{ 1 is eq 1 }} {{ 1 is eq(2) }}",
		want:     "True False",
	},
	{
		of: "test nosuch", name: "is refused before anything runs",
		template: "{{ 1 is nosuch }}",
		fails:    "TemplateAssertionError",
		says:     "No test named 'nosuch'.",
	},
}
