package jinja_test

// textCases say of the methods of texts from capitalize to index: places,
// borders, what is empty, and what they refuse.
var textCases = []namedCase{
	{
		of: "text capitalize", name: "lowers what follows a letter that is not ASCII",
		template: "{{ 'éCOLE'.capitalize() }}",
		want:     "École",
	},
	{
		of: "text capitalize", name: "gives nothing for nothing",
		template: "[{{ ''.capitalize() }}]",
		want:     "[]",
	},
	{
		of: "text capitalize", name: "takes no argument",
		template: "{{ 'a'.capitalize(1) }}",
		fails:    "TypeError",
		says:     "method() takes at most 0 arguments (1 given)",
		differs:  "the words are this package's own",
	},
	{
		of: "text casefold", name: "makes two letters of the sharp s",
		template: "{{ 'Straße'.casefold() }}",
		want:     "strasse",
	},
	{
		of: "text casefold", name: "differs from lower in that",
		template: "{{ 'Straße'.lower() }}",
		want:     "straße",
	},
	{
		of: "text center", name: "fills with another character",
		template: "{{ 'ab'.center(7, '*') }}",
		want:     "***ab**",
	},
	{
		of: "text center", name: "refuses a filling of two characters",
		template: "{{ 'ab'.center(7, '**') }}",
		fails:    "TypeError",
		says:     "The fill character must be exactly one character long",
	},
	{
		of: "text center", name: "refuses a width that is no number",
		template: "{{ 'ab'.center('7') }}",
		fails:    "TypeError",
		says:     "center(): argument 'width' cannot be 'str'",
		differs:  "the words are this package's own",
	},
	{
		of: "text count", name: "counts what does not overlap",
		template: "{{ 'aaaa'.count('aa') }}",
		want:     "2",
	},
	{
		of: "text count", name: "counts the gaps for nothing",
		template: "{{ 'abc'.count('') }}",
		want:     "4",
	},
	{
		of: "text count", name: "counts from a place on",
		template: "{{ 'abcabc'.count('a', 1) }}",
		want:     "1",
	},
	{
		of: "text count", name: "counts up to a place",
		template: "{{ 'abcabc'.count('c', 0, 3) }}",
		want:     "1",
	},
	{
		of: "text count", name: "takes places from the end",
		template: "{{ 'abcabc'.count('a', -3) }}",
		want:     "1",
	},
	{
		of: "text count", name: "refuses what is no text",
		template: "{{ 'abc'.count(1) }}",
		fails:    "TypeError",
		says:     "count(): argument 'sub' cannot be 'int'",
		differs:  "the words are this package's own",
	},
	{
		of: "text endswith", name: "asks for one of several ends",
		template: "{{ 'x.py'.endswith(('.go', '.py')) }} {{ 'x.c'.endswith(('.go', '.py')) }}",
		want:     "True False",
	},
	{
		of: "text endswith", name: "looks at a part",
		template: "{{ 'abcd'.endswith('b', 0, 2) }}",
		want:     "True",
	},
	{
		of: "text endswith", name: "refuses a list of ends",
		template: "{{ 'abc'.endswith(['c']) }}",
		fails:    "TypeError",
		says:     "endswith first arg must be str or a tuple of str, not list",
	},
	{
		of: "text find", name: "counts characters and not bytes",
		template: "{{ 'äöü'.find('ü') }}",
		want:     "2",
	},
	{
		of: "text find", name: "takes a place from the end",
		template: "{{ 'abcabc'.find('a', -3) }} {{ 'abc'.find('a', 1) }}",
		want:     "3 -1",
	},
	{
		of: "text find", name: "finds nothing at the start",
		template: "{{ 'abc'.find('') }} {{ 'abc'.find('', 3) }} {{ 'abc'.find('', 4) }}",
		want:     "0 3 -1",
	},
	{
		of: "text find", name: "refuses a number",
		template: "{{ 'abc'.find(1) }}",
		fails:    "TypeError",
		says:     "find(): argument 'sub' cannot be 'int'",
		differs:  "the words are this package's own",
	},
	{
		of: "text index", name: "looks from a place on",
		template: "{{ 'abcabc'.index('a', 1) }}",
		want:     "3",
	},
	{
		of: "text index", name: "fails for what is not there",
		template: "{{ 'abc'.index('x') }}",
		fails:    "ValueError",
		says:     "substring not found",
	},
	{
		of: "text format", name: "takes arguments by number",
		template: "{{ '{1}{0}{1}'.format('a', 'b') }}",
		want:     "bab",
	},
	{
		of: "text format", name: "takes arguments by name",
		template: "{{ '{x}-{y}'.format(x=1, y=2) }}",
		want:     "1-2",
	},
	{
		of: "text format", name: "writes braces that are doubled",
		template: "{{ '{{{}}}'.format(1) }}",
		want:     "{1}",
	},
	{
		of: "text format", name: "refuses a brace that nothing closes",
		template: "{{ '{'.format(1) }}",
		fails:    "ValueError",
		says:     "Single '{' encountered in format string",
	},
	{
		of: "text format", name: "refuses a brace that nothing opens",
		template: "{{ '}'.format(1) }}",
		fails:    "ValueError",
		says:     "Single '}' encountered in format string",
	},
	{
		of: "text format", name: "fails for a name that is not given",
		template: "{{ '{x}'.format(y=1) }}",
		fails:    "KeyError",
		says:     "'x'",
	},
	{
		of: "text format", name: "does not mix numbered places with others",
		template: "{{ '{}{0}'.format(1) }}",
		fails:    "ValueError",
		says:     "cannot switch from manual field specification to automatic field numbering",
	},
	{
		of: "text format", name: "fills a text to a width",
		template: "[{{ '{:5}'.format('ab') }}][{{ '{:>5}'.format('ab') }}][{{ '{:^5}'.format('ab') }}]",
		want:     "[ab   ][   ab][ ab  ]",
	},
	{
		of: "text format", name: "fills a number to a width",
		template: "[{{ '{:5}'.format(42) }}][{{ '{:<5}'.format(42) }}][{{ '{:05}'.format(42) }}]",
		want:     "[   42][42   ][00042]",
	},
	{
		of: "text format", name: "writes a number of decimals",
		template: "{{ '{:.2f}'.format(3.14159) }} {{ '{:.0f}'.format(2.5) }}",
		want:     "3.14 2",
	},
	{
		of: "text format", name: "writes whole numbers to other bases",
		template: "{{ '{:x} {:X} {:o} {:b}'.format(255, 255, 8, 5) }}",
		want:     "ff FF 10 101",
	},
	{
		of: "text format", name: "writes thousands apart",
		template: "{{ '{:,}'.format(1234567) }}",
		want:     "1,234,567",
	},
	{
		of: "text format", name: "writes what repr would",
		template: "{{ '{!r} {!s}'.format('a', 'a') }}",
		want:     "'a' a",
	},
}
