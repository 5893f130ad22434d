package jinja_test

// lastTextCases say of methods what lies beside the plain use of them.
var lastTextCases = []namedCase{
	{
		of: "text casefold", name: "folds ligatures, the final sigma and old letters",
		template: "{{ 'ﬁ ΣΑς ſ ẞ µ ŉ ǅ'.casefold() }}",
		want:     "fi σασ s ss μ ʼn ǆ",
	},
	{
		of: "text casefold", name: "makes capitals of small Cherokee letters",
		template: "{{ 'ꭰᏸᎠ'.casefold() }}",
		want:     "ᎠᏰᎠ",
	},
	{
		of: "text casefold", name: "takes marks off that lower keeps",
		template: "{{ 'İ ᾳ'.casefold() }}",
		want:     "i̇ αι",
	},
	{
		of: "text title", name: "makes several letters of one",
		template: "{{ 'ß ﬁx'.title() }}",
		want:     "Ss Fix",
	},
	{
		of: "text capitalize", name: "makes several letters of one",
		template: "{{ 'ßA'.capitalize() }} {{ 'ﬁX'.capitalize() }}",
		want:     "Ssa Fix",
	},
	{
		of: "text swapcase", name: "makes several letters of one",
		template: "{{ 'ßA İ'.swapcase() }}",
		want:     "SSa i̇",
	},
	{
		of: "text isdigit", name: "is true of digits in circles and other scripts",
		template: "{{ '①'.isdigit() }} {{ '٣'.isdigit() }} {{ '一'.isdigit() }} {{ 'Ⅷ'.isdigit() }}",
		want:     "True True False False",
	},
	{
		of: "text isdecimal", name: "is true of digits that make numbers",
		template: "{{ '٣'.isdecimal() }} {{ '²'.isdecimal() }} {{ '一'.isdecimal() }}",
		want:     "True False False",
	},
	{
		of: "text isnumeric", name: "is true of all digits and of Roman numbers",
		template: "{{ '²٣Ⅷ'.isnumeric() }} {{ '億'.isnumeric() }} {{ '日'.isnumeric() }}",
		want:     "True True False",
	},
	{
		of: "text isalnum", name: "is true of numbers of all kinds",
		template: "{{ '²½一Ⅷa'.isalnum() }}",
		want:     "True",
	},
	{
		of: "text find", name: "finds nothing in no text",
		template: "{{ ''.find('') }} {{ ''.find('', 1) }}",
		want:     "0 -1",
	},
	{
		of: "text find", name: "does not find nothing where the end comes first",
		template: "{{ 'abc'.find('', 2, 1) }} {{ 'abc'.find('', -9, -8) }}",
		want:     "-1 0",
	},
	{
		of: "text find", name: "takes none for no place",
		template: "{{ 'abc'.find('b', none, none) }}",
		want:     "1",
	},
	{
		of: "text find", name: "takes a place beyond all numbers",
		template: "{{ 'abc'.find('c', -99999999999999999999) }} {{ 'abc'.find('c', 99999999999999999999) }}",
		want:     "2 -1",
	},
	{
		of: "text find", name: "refuses a place that is no number",
		template: "{{ 'abc'.find('a', 'b') }}",
		fails:    "TypeError",
		says:     "slice indices must be integers or None or have an __index__ method",
	},
	{
		of: "text find", name: "refuses the name of an argument",
		template: "{{ 'abc'.find('a', start=1) }}",
		fails:    "TypeError",
		says:     "find() takes no keyword arguments",
	},
	{
		of: "text strip", name: "refuses the name of an argument",
		template: "{{ 'abc'.strip(chars='a') }}",
		fails:    "TypeError",
		says:     "str.strip() takes no keyword arguments",
	},
	{
		of: "text rfind", name: "finds nothing at the end and not behind it",
		template: "{{ 'abc'.rfind('') }} {{ 'abc'.rfind('', 3) }} {{ 'abc'.rfind('', 4) }}",
		want:     "3 3 -1",
	},
	{
		of: "text index", name: "fails for nothing behind the end",
		template: "{{ 'abc'.index('', 4) }}",
		fails:    "ValueError",
		says:     "substring not found",
	},
	{
		of: "text rindex", name: "fails for nothing behind the end",
		template: "{{ 'abc'.rindex('', 4) }}",
		fails:    "ValueError",
		says:     "substring not found",
	},
	{
		of: "text count", name: "counts nothing at the end and not behind it",
		template: "{{ 'abc'.count('', 3) }} {{ 'abc'.count('', 4) }} {{ 'abc'.count('', 1, 2) }} {{ 'abc'.count('', 2, 1) }}",
		want:     "1 0 2 0",
	},
	{
		of: "text startswith", name: "finds nothing at the end and not behind it",
		template: "{{ 'abc'.startswith('', 3) }} {{ 'abc'.startswith('', 4) }} {{ 'abc'.startswith('', 2, 1) }}",
		want:     "True False False",
	},
	{
		of: "text startswith", name: "looks up to a place",
		template: "{{ 'abc'.startswith('bc', 1) }} {{ 'abc'.startswith('bc', 1, 2) }} {{ 'äöü'.startswith(('x', 'ö'), 1) }}",
		want:     "True False True",
	},
	{
		of: "text startswith", name: "refuses a place that is no number",
		template: "{{ 'abc'.startswith('a', 1.0) }}",
		fails:    "TypeError",
		says:     "slice indices must be integers or None or have an __index__ method",
	},
	{
		of: "text endswith", name: "looks from a place on",
		template: "{{ 'abc'.endswith('bc', 1) }} {{ 'abc'.endswith('abc', 1) }} {{ 'abc'.endswith('', 4) }}",
		want:     "True False False",
	},
	{
		of: "list index", name: "takes places from the end",
		template: "{{ [1, 2, 1].index(1, -1) }} {{ [1, 2, 1].index(2, -9, 2) }}",
		want:     "2 1",
	},
	{
		of: "list index", name: "does not look behind the last place",
		template: "{{ [1, 2, 1].index(1, 1, 2) }}",
		fails:    "ValueError",
		says:     "1 is not in list",
	},
	{
		of: "list index", name: "refuses none for a place",
		template: "{{ [1].index(1, none) }}",
		fails:    "TypeError",
		says:     "slice indices must be integers or have an __index__ method",
	},
	{
		of: "list index", name: "names the type where a tuple has no such item",
		template: "{{ (1, 2).index(3) }}",
		fails:    "ValueError",
		says:     "tuple.index(x): x not in tuple",
	},
	{
		of: "list index", name: "refuses the name of an argument",
		template: "{{ [1].index(1, start=0) }}",
		fails:    "TypeError",
		says:     "list.index() takes no keyword arguments",
	},
	{
		of: "text title", name: "begins a word behind a letter without a case",
		template: "{{ '日a ªb'.title() }}",
		want:     "日A ªb",
	},
	{
		of: "text islower", name: "is true of signs that are small",
		template: "{{ 'ªⓐ'.islower() }} {{ 'ª'.isupper() }} {{ 'Ⓐ'.isupper() }}",
		want:     "True False True",
	},
	{
		of: "text swapcase", name: "leaves digraphs in title case",
		template: "{{ 'ǅ Ⅷ'.swapcase() }}",
		want:     "ǅ ⅷ",
	},
	{
		of: "expression slice", name: "ends at the largest number",
		template: "{{ 'abc'[:9223372036854775807] }} {{ 'abc'[-9223372036854775807:2] }}",
		want:     "abc ab",
	},
}
