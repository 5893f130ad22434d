package jinja_test

// testCases says of each test what it holds for.
var testCases = []namedCase{
	{
		of: "test !=", name: "tells different values apart",
		template: "{{ [1,2]|select('!=', 1)|list }}",
		want:     "[2]",
	},
	{
		of: "test <", name: "finds smaller values",
		template: "{{ [1,2,3]|select('<', 3)|list }}",
		want:     "[1, 2]",
	},
	{
		of: "test <=", name: "finds smaller and equal values",
		template: "{{ [1,2,3]|select('<=', 2)|list }}",
		want:     "[1, 2]",
	},
	{
		of: "test ==", name: "finds equal values",
		template: "{{ [1,2,1.0]|select('==', 1)|list }}",
		want:     "[1, 1.0]",
	},
	{
		of: "test >", name: "finds larger values",
		template: "{{ [1,2,3]|select('>', 1)|list }}",
		want:     "[2, 3]",
	},
	{
		of: "test >=", name: "finds larger and equal values",
		template: "{{ [1,2,3]|select('>=', 2)|list }}",
		want:     "[2, 3]",
	},
	{
		of: "test boolean", name: "holds for true and false only",
		template: "{{ true is boolean }} {{ false is boolean }} {{ 1 is boolean }} {{ none is boolean }}",
		want:     "True True False False",
	},
	{
		of: "test callable", name: "holds for functions, methods and macros",
		template: "{{ range is callable }} {{ 'a'.upper is callable }} {{ 1 is callable }}{% macro m() %}{% endmacro %} {{ m is callable }}",
		want:     "True True False True",
	},
	{
		of: "test defined", name: "holds for what has a value, none too",
		template: "{{ 1 is defined }} {{ none is defined }} {{ nothing is defined }}",
		want:     "True True False",
	},
	{
		of: "test defined", name: "asks for a member that may be missing",
		template: "{{ {'a': 1}.a is defined }} {{ {'a': 1}.b is defined }}",
		want:     "True False",
	},
	{
		of: "test defined", name: "fails for a member of what is undefined",
		template: "{{ nothing.inner is defined }}",
		fails:    "UndefinedError",
		says:     "'nothing' is undefined",
	},
	{
		of: "test divisibleby", name: "asks for a rest of zero",
		template: "{{ 6 is divisibleby 3 }} {{ 7 is divisibleby(3) }}",
		want:     "True False",
	},
	{
		of: "test divisibleby", name: "fails for zero",
		template: "{{ 1 is divisibleby 0 }}",
		fails:    "ZeroDivisionError",
		says:     "integer division or modulo by zero",
		differs:  "the words are those of CPython up to 3.10",
	},
	{
		of: "test eq", name: "compares values",
		template: "{{ 1 is eq 1 }} {{ 1 is eq 1.0 }} {{ 'a' is eq 'b' }}",
		want:     "True True False",
	},
	{
		of: "test equalto", name: "is another name of eq",
		template: "{{ 'a' is equalto 'a' }} {{ 'a' is equalto 'b' }}",
		want:     "True False",
	},
	{
		of: "test escaped", name: "holds for nothing, because nothing is escaped by itself",
		template: "{{ 'a' is escaped }}",
		want:     "False",
	},
	{
		of: "test even", name: "holds for even numbers",
		template: "{{ 2 is even }} {{ 3 is even }} {{ 0 is even }} {{ -2 is even }}",
		want:     "True False True True",
	},
	{
		of: "test false", name: "holds for the value false and not for what counts as false",
		template: "{{ false is false }} {{ 0 is false }} {{ '' is false }}",
		want:     "True False False",
	},
	{
		of: "test filter", name: "says that a filter exists",
		template: "{{ 'upper' is filter }} {{ 'nosuch' is filter }}",
		want:     "True False",
	},
	{
		of: "test float", name: "holds for floats",
		template: "{{ 1.0 is float }} {{ 1 is float }} {{ '1.0' is float }}",
		want:     "True False False",
	},
	{
		of: "test ge", name: "compares numbers and text",
		template: "{{ 2 is ge 2 }} {{ 'b' is ge 'a' }} {{ 1 is ge 2 }}",
		want:     "True True False",
	},
	{
		of: "test greaterthan", name: "is another name of gt",
		template: "{{ 2 is greaterthan 1 }} {{ 1 is greaterthan 1 }}",
		want:     "True False",
	},
	{
		of: "test gt", name: "compares numbers",
		template: "{{ 2 is gt 1 }} {{ 1 is gt 1 }}",
		want:     "True False",
	},
	{
		of: "test gt", name: "refuses text beside a number",
		template: "{{ 'a' is gt 1 }}",
		fails:    "TypeError",
		says:     "'>' not supported between instances of 'str' and 'int'",
	},
	{
		of: "test in", name: "looks into a list, a mapping and a text",
		template: "{{ 1 is in [1,2] }} {{ 'a' is in {'a': 1} }} {{ 'b' is in 'abc' }} {{ 3 is in [1] }}",
		want:     "True True True False",
	},
	{
		of: "test integer", name: "holds for whole numbers and not for booleans",
		template: "{{ 1 is integer }} {{ true is integer }} {{ 1.0 is integer }} {{ '1' is integer }}",
		want:     "True False False False",
	},
	{
		of: "test iterable", name: "holds for what a loop goes over",
		template: "{{ [] is iterable }} {{ 'a' is iterable }} {{ {} is iterable }} {{ 1 is iterable }} {{ none is iterable }}",
		want:     "True True True False False",
	},
	{
		of: "test le", name: "compares numbers",
		template: "{{ 2 is le 2 }} {{ 3 is le 2 }}",
		want:     "True False",
	},
	{
		of: "test lessthan", name: "is another name of lt",
		template: "{{ 1 is lessthan 2 }} {{ 2 is lessthan 2 }}",
		want:     "True False",
	},
	{
		of: "test lower", name: "holds for text without capitals",
		template: "{{ 'ab1' is lower }} {{ 'aB' is lower }} {{ '1' is lower }}",
		want:     "True False False",
	},
	{
		of: "test lt", name: "compares numbers",
		template: "{{ 1 is lt 2 }} {{ 2 is lt 2 }}",
		want:     "True False",
	},
	{
		of: "test mapping", name: "holds for mappings",
		template: "{{ {} is mapping }} {{ [] is mapping }} {{ 'a' is mapping }}",
		want:     "True False False",
	},
	{
		of: "test ne", name: "tells different values apart",
		template: "{{ 1 is ne 2 }} {{ 1 is ne 1 }}",
		want:     "True False",
	},
	{
		of: "test none", name: "holds for none and not for what is undefined",
		template: "{{ none is none }} {{ nothing is none }} {{ 0 is none }}",
		want:     "True False False",
	},
	{
		of: "test number", name: "holds for whole numbers, floats and booleans",
		template: "{{ 1 is number }} {{ 1.5 is number }} {{ true is number }} {{ '1' is number }}",
		want:     "True True True False",
	},
	{
		of: "test odd", name: "holds for odd numbers",
		template: "{{ 3 is odd }} {{ 2 is odd }} {{ -1 is odd }}",
		want:     "True False True",
	},
	{
		of: "test sameas", name: "asks for the same value and not for an equal one",
		template: "{{ none is sameas none }} {{ true is sameas true }} {{ 1 is sameas true }} {{ [] is sameas [] }}",
		want:     "True True False False",
	},
	{
		of: "test sequence", name: "holds for lists, text and mappings",
		template: "{{ [] is sequence }} {{ 'a' is sequence }} {{ {} is sequence }} {{ 1 is sequence }}",
		want:     "True True True False",
	},
	{
		of: "test string", name: "holds for text",
		template: "{{ 'a' is string }} {{ 1 is string }} {{ none is string }}",
		want:     "True False False",
	},
	{
		of: "test test", name: "says that a test exists",
		template: "{{ 'odd' is test }} {{ 'nosuch' is test }}",
		want:     "True False",
	},
	{
		of: "test true", name: "holds for the value true and not for what counts as true",
		template: "{{ true is true }} {{ 1 is true }} {{ 'a' is true }}",
		want:     "True False False",
	},
	{
		of: "test undefined", name: "holds for what has no value",
		template: "{{ nothing is undefined }} {{ none is undefined }} {{ {}.a is undefined }}",
		want:     "True False True",
	},
	{
		of: "test upper", name: "holds for text without small letters",
		template: "{{ 'AB1' is upper }} {{ 'Ab' is upper }} {{ '' is upper }}",
		want:     "True False False",
	},
}
