package jinja_test

// operatorCases say of operators: what they take, how they bind, and what they
// refuse.
var operatorCases = []namedCase{
	{
		of: "operator +", name: "adds a number to a truth",
		template: "{{ true + 1 }} {{ 1 + 1.5 }}",
		want:     "2 2.5",
	},
	{
		of: "operator +", name: "joins lists",
		template: "{{ [1] + [2, 3] }}",
		want:     "[1, 2, 3]",
	},
	{
		of: "operator +", name: "joins tuples",
		template: "{{ (1,) + (2,) }}",
		want:     "(1, 2)",
	},
	{
		of: "operator +", name: "refuses a list and a tuple",
		template: "{{ [1] + (2,) }}",
		fails:    "TypeError",
		says:     `can only concatenate list (not "tuple") to list`,
	},
	{
		of: "operator +", name: "refuses a number and a text",
		template: "{{ 1 + 'a' }}",
		fails:    "TypeError",
		says:     "unsupported operand type(s) for +: 'int' and 'str'",
	},
	{
		of: "operator +", name: "refuses none",
		template: "{{ none + 1 }}",
		fails:    "TypeError",
		says:     "unsupported operand type(s) for +: 'NoneType' and 'int'",
	},
	{
		of: "operator +", name: "before a value leaves it",
		template: "{{ +5 }} {{ + +5 }}",
		want:     "5 5",
	},
	{
		of: "operator -", name: "takes numbers off",
		template: "{{ 5 - 7 }} {{ 1.5 - 1 }}",
		want:     "-2 0.5",
	},
	{
		of: "operator -", name: "refuses texts",
		template: "{{ 'a' - 'b' }}",
		fails:    "TypeError",
		says:     "unsupported operand type(s) for -: 'str' and 'str'",
	},
	{
		of: "operator -", name: "before a text is refused",
		template: "{{ -'a' }}",
		fails:    "TypeError",
		says:     "bad operand type for unary -: 'str'",
	},
	{
		of: "operator *", name: "repeats a text",
		template: "{{ 'ab' * 3 }} {{ 3 * 'ab' }} [{{ 'ab' * 0 }}] [{{ 'ab' * -1 }}]",
		want:     "ababab ababab [] []",
	},
	{
		of: "operator *", name: "repeats a list",
		template: "{{ [1, 2] * 2 }}",
		want:     "[1, 2, 1, 2]",
	},
	{
		of: "operator *", name: "refuses two texts",
		template: "{{ 'a' * 'b' }}",
		fails:    "TypeError",
		says:     "can't multiply sequence by non-int of type 'str'",
	},
	{
		of: "operator *", name: "refuses a fraction of a text",
		template: "{{ 'a' * 1.5 }}",
		fails:    "TypeError",
		says:     "can't multiply sequence by non-int of type 'float'",
	},
	{
		of: "operator /", name: "gives a float",
		template: "{{ 6 / 3 }} {{ 7 / 2 }}",
		want:     "2.0 3.5",
	},
	{
		of: "operator /", name: "refuses zero",
		template: "{{ 1 / 0 }}",
		fails:    "ZeroDivisionError",
		says:     "division by zero",
	},
	{
		of: "operator /", name: "refuses a text",
		template: "{{ 'a' / 2 }}",
		fails:    "TypeError",
		says:     "unsupported operand type(s) for /: 'str' and 'int'",
	},
	{
		of: "operator //", name: "rounds down",
		template: "{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 // -2 }} {{ 7.5 // 2 }}",
		want:     "3 -4 -4 3.0",
	},
	{
		of: "operator //", name: "refuses zero",
		template: "{{ 1.0 // 0 }}",
		fails:    "ZeroDivisionError",
		says:     "float division by zero",
		differs:  "the words are this package's own",
	},
	{
		of: "operator %", name: "has the sign of the divisor",
		template: "{{ 7 % 3 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ -7.5 % 2 }}",
		want:     "1 2 -2 0.5",
	},
	{
		of: "operator %", name: "fills a text with values",
		template: "{{ '%s is %d' % ('x', 3) }}",
		want:     "x is 3",
	},
	{
		of: "operator %", name: "fills a text from a mapping",
		template: "{{ '%(a)s-%(b)s' % {'a': 1, 'b': 2} }}",
		want:     "1-2",
	},
	{
		of: "operator %", name: "pads and rounds",
		template: "[{{ '%5d' % 42 }}][{{ '%-5d' % 42 }}][{{ '%05d' % 42 }}][{{ '%.2f' % 1.005 }}][{{ '%+d' % 3 }}]",
		want:     "[   42][42   ][00042][1.00][+3]",
	},
	{
		of: "operator %", name: "writes other bases",
		template: "{{ '%x %X %o' % (255, 255, 8) }}",
		want:     "ff FF 10",
	},
	{
		of: "operator %", name: "writes exponents",
		template: "{{ '%e %g %g' % (12345.678, 0.00001, 1000000.0) }}",
		want:     "1.234568e+04 1e-05 1e+06",
	},
	{
		of: "operator %", name: "writes a percent sign",
		template: "{{ '100%%' % () }}",
		want:     "100%",
	},
	{
		of: "operator %", name: "refuses too few values",
		template: "{{ '%s %s' % ('a',) }}",
		fails:    "TypeError",
		says:     "not enough arguments for format string",
	},
	{
		of: "operator %", name: "refuses too many values",
		template: "{{ '%s' % ('a', 'b') }}",
		fails:    "TypeError",
		says:     "not all arguments converted during string formatting",
	},
	{
		of: "operator %", name: "refuses a text for a number",
		template: "{{ '%d' % 'a' }}",
		fails:    "TypeError",
		says:     "%d format: a real number is required, not str",
	},
	{
		of: "operator %", name: "refuses a letter that it does not know",
		template: "{{ '%y' % 1 }}",
		fails:    "ValueError",
		says:     "unsupported format character 'y'",
		differs:  "the words are this package's own",
	},
	{
		of: "operator %", name: "refuses a text that breaks off",
		template: "{{ '%' % 1 }}",
		fails:    "ValueError",
		says:     "incomplete format",
	},
	{
		of: "operator **", name: "groups to the left, as jinja2 has it",
		template: "{{ 2 ** 3 ** 2 }}",
		want:     "64",
	},
	{
		of: "operator **", name: "gives a float for a negative power",
		template: "{{ 2 ** -1 }} {{ 4 ** 0.5 }}",
		want:     "0.5 2.0",
	},
	{
		of: "operator **", name: "binds tighter than a sign before",
		template: "{{ -2 ** 2 }}",
		want:     "4",
	},
	{
		of: "operator ~", name: "writes what it joins",
		template: "{{ 1 ~ 'a' ~ none ~ true ~ 1.5 ~ [1] }}",
		want:     "1aNoneTrue1.5[1]",
	},
	{
		of: "operator ==", name: "compares lists by their items",
		template: "{{ [1, [2]] == [1, [2]] }} {{ [1] == (1,) }}",
		want:     "True False",
	},
	{
		of: "operator ==", name: "compares mappings in any order",
		template: "{{ {'a': 1, 'b': 2} == {'b': 2, 'a': 1} }} {{ {'a': 1} == {'a': 2} }}",
		want:     "True False",
	},
	{
		of: "operator ==", name: "compares what is undefined",
		template: "{{ nothing == nada }} {{ nothing == none }}",
		want:     "True False",
	},
	{
		of: "operator !=", name: "is its opposite",
		template: "{{ 1 != 1 }} {{ 'a' != 'b' }}",
		want:     "False True",
	},
	{
		of: "operator <", name: "compares lists item by item",
		template: "{{ [1, 2] < [1, 3] }} {{ [1] < [1, 0] }} {{ [2] < [1, 9] }}",
		want:     "True True False",
	},
	{
		of: "operator <", name: "compares texts by their characters",
		template: "{{ 'Z' < 'a' }} {{ 'a' < 'ä' }}",
		want:     "True True",
	},
	{
		of: "operator <", name: "refuses a number and a text",
		template: "{{ 1 < 'a' }}",
		fails:    "TypeError",
		says:     "'<' not supported between instances of 'int' and 'str'",
	},
	{
		of: "operator <", name: "refuses mappings",
		template: "{{ {} < {} }}",
		fails:    "TypeError",
		says:     "'<' not supported between instances of 'dict' and 'dict'",
	},
	{
		of: "operator <", name: "refuses none",
		template: "{{ none < 1 }}",
		fails:    "TypeError",
		says:     "'<' not supported between instances of 'NoneType' and 'int'",
	},
	{
		of: "operator <", name: "chains",
		template: "{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 3 > 2 >= 2 != 1 }}",
		want:     "True False True",
	},
	{
		of: "operator >=", name: "refuses what is undefined",
		template: "{{ nothing >= 1 }}",
		fails:    "UndefinedError",
		says:     "'nothing' is undefined",
	},
	{
		of: "operator in", name: "looks in texts, lists, mappings and ranges",
		template: "{{ 'b' in 'abc' }} {{ 2 in [1, 2] }} {{ 'a' in {'a': 1} }} {{ 3 in range(3) }}",
		want:     "True True True False",
	},
	{
		of: "operator in", name: "finds nothing in every text",
		template: "{{ '' in 'abc' }} {{ '' in '' }}",
		want:     "True True",
	},
	{
		of: "operator in", name: "refuses a number in a text",
		template: "{{ 1 in 'abc' }}",
		fails:    "TypeError",
		says:     "'in <string>' requires string as left operand, not int",
	},
	{
		of: "operator in", name: "refuses a number as the container",
		template: "{{ 1 in 2 }}",
		fails:    "TypeError",
		says:     "argument of type 'int' is not iterable",
	},
	{
		of: "operator in", name: "looks in what is undefined and finds nothing",
		template: "{{ 1 in nothing }}",
		want:     "False",
	},
	{
		of: "operator not in", name: "is its opposite",
		template: "{{ 1 not in [2] }} {{ 'a' not in 'abc' }}",
		want:     "True False",
	},
	{
		of: "operator and", name: "gives a value and no truth",
		template: "{{ 1 and 'a' }} {{ 0 and 'a' }} {{ '' and nothing.x }}|",
		want:     "a 0 |",
	},
	{
		of: "operator or", name: "gives the first that is true",
		template: "{{ '' or 'a' }} {{ 0 or [] }} {{ 1 or nothing.x }}",
		want:     "a [] 1",
	},
	{
		of: "operator not", name: "knows what is empty",
		template: "{{ not '' }} {{ not [] }} {{ not {} }} {{ not 0 }} {{ not 0.0 }} {{ not none }} {{ not nothing }}",
		want:     "True True True True True True True",
	},
	{
		of: "operator not", name: "binds weaker than a comparison",
		template: "{{ not 1 == 2 }}",
		want:     "True",
	},
}
