package jinja_test

// moreTextCases say of the other methods of texts: places, borders, what is
// empty, and what they refuse.
var moreTextCases = []namedCase{
	{
		of: "text startswith", name: "asks for one of several beginnings",
		template: "{{ 'abc'.startswith(('x', 'a')) }} {{ 'abc'.startswith(()) }}",
		want:     "True False",
	},
	{
		of: "text startswith", name: "looks from a place on",
		template: "{{ 'abc'.startswith('b', 1) }} {{ 'abc'.startswith('b', 5) }}",
		want:     "True False",
	},
	{
		of: "text startswith", name: "is true of nothing",
		template: "{{ 'abc'.startswith('') }}",
		want:     "True",
	},
	{
		of: "text startswith", name: "refuses a number",
		template: "{{ 'abc'.startswith(1) }}",
		fails:    "TypeError",
		says:     "startswith first arg must be str or a tuple of str, not int",
	},
	{
		of: "text rfind", name: "counts characters and not bytes",
		template: "{{ 'üäü'.rfind('ü') }}",
		want:     "2",
	},
	{
		of: "text rfind", name: "says -1 for what is not there",
		template: "{{ 'abc'.rfind('x') }}",
		want:     "-1",
	},
	{
		of: "text rfind", name: "looks at a part",
		template: "{{ 'abcabc'.rfind('a', 0, 3) }}",
		want:     "0",
	},
	{
		of: "text rindex", name: "fails for what is not there",
		template: "{{ 'abc'.rindex('x') }}",
		fails:    "ValueError",
		says:     "substring not found",
	},
	{
		of: "text rindex", name: "looks up to a place",
		template: "{{ 'abcabc'.rindex('c', 0, 4) }}",
		want:     "2",
	},
	{
		of: "text isalnum", name: "is false of nothing",
		template: "{{ ''.isalnum() }} {{ 'ä1'.isalnum() }} {{ 'a b'.isalnum() }}",
		want:     "False True False",
	},
	{
		of: "text isalpha", name: "is false of nothing and of digits",
		template: "{{ ''.isalpha() }} {{ 'äß'.isalpha() }} {{ 'a1'.isalpha() }}",
		want:     "False True False",
	},
	{
		of: "text isascii", name: "is true of nothing",
		template: "{{ ''.isascii() }} {{ 'ä'.isascii() }}",
		want:     "True False",
	},
	{
		of: "text isdecimal", name: "is false of a power",
		template: "{{ '²'.isdecimal() }} {{ '٣'.isdecimal() }} {{ ''.isdecimal() }}",
		want:     "False True False",
	},
	{
		of: "text isdigit", name: "is true of a power",
		template: "{{ '²'.isdigit() }} {{ '½'.isdigit() }} {{ ''.isdigit() }}",
		want:     "True False False",
	},
	{
		of: "text isnumeric", name: "is true of a fraction",
		template: "{{ '½'.isnumeric() }} {{ '一'.isnumeric() }} {{ '-1'.isnumeric() }}",
		want:     "True True False",
	},
	{
		of: "text isidentifier", name: "takes no digit at the start",
		template: "{{ 'a1'.isidentifier() }} {{ '1a'.isidentifier() }} {{ '_'.isidentifier() }} {{ ''.isidentifier() }}",
		want:     "True False True False",
	},
	{
		of: "text islower", name: "needs a letter",
		template: "{{ 'ab1'.islower() }} {{ '12'.islower() }} {{ 'aB'.islower() }}",
		want:     "True False False",
	},
	{
		of: "text isupper", name: "needs a letter",
		template: "{{ 'AB1'.isupper() }} {{ '12'.isupper() }} {{ 'aB'.isupper() }}",
		want:     "True False False",
	},
	{
		of: "text isspace", name: "is false of nothing",
		template: `{{ ' \t\n'.isspace() }} {{ ''.isspace() }} {{ ' a'.isspace() }}`,
		want:     "True False False",
	},
	{
		of: "text istitle", name: "wants every word so",
		template: "{{ 'Ab Cd'.istitle() }} {{ 'Ab cd'.istitle() }} {{ 'AB'.istitle() }} {{ ''.istitle() }}",
		want:     "True False False False",
	},
	{
		of: "text join", name: "joins the characters of a text",
		template: "{{ '-'.join('abc') }}",
		want:     "a-b-c",
	},
	{
		of: "text join", name: "joins the keys of a mapping",
		template: "{{ ','.join({'a': 1, 'b': 2}) }}",
		want:     "a,b",
	},
	{
		of: "text join", name: "gives nothing for nothing",
		template: "[{{ ','.join([]) }}]",
		want:     "[]",
	},
	{
		of: "text join", name: "refuses an item that is no text",
		template: "{{ ','.join(['a', 1]) }}",
		fails:    "TypeError",
		says:     "sequence item 1: expected str instance, int found",
	},
	{
		of: "text join", name: "refuses what has no items",
		template: "{{ ','.join(1) }}",
		fails:    "TypeError",
		says:     "'int' object is not iterable",
		differs:  "the words are this package's own",
	},
	{
		of: "text ljust", name: "leaves a text that is wider",
		template: "{{ 'abcdef'.ljust(3) }}",
		want:     "abcdef",
	},
	{
		of: "text ljust", name: "fills with another character",
		template: "{{ 'ab'.ljust(5, '.') }}",
		want:     "ab...",
	},
	{
		of: "text ljust", name: "refuses a filling of two characters",
		template: "{{ 'ab'.ljust(5, '..') }}",
		fails:    "TypeError",
		says:     "The fill character must be exactly one character long",
	},
	{
		of: "text rjust", name: "fills with another character",
		template: "{{ 'ab'.rjust(5, '.') }}",
		want:     "...ab",
	},
	{
		of: "text rjust", name: "counts characters and not bytes",
		template: "[{{ 'ä'.rjust(3) }}]",
		want:     "[  ä]",
	},
	{
		of: "text lower", name: "lowers letters that are not ASCII",
		template: "{{ 'ÄÖ'.lower() }}",
		want:     "äö",
	},
	{
		of: "text upper", name: "makes two letters of the sharp s",
		template: "{{ 'ß'.upper() }}",
		want:     "SS",
	},
	{
		of: "text lstrip", name: "takes characters and not a beginning",
		template: "{{ 'abcab'.lstrip('ba') }}",
		want:     "cab",
	},
	{
		of: "text rstrip", name: "takes characters and not an end",
		template: "{{ 'abcab'.rstrip('ab') }}",
		want:     "abc",
	},
	{
		of: "text rstrip", name: "takes spaces for none",
		template: "[{{ ' a '.rstrip(none) }}]",
		want:     "[ a]",
	},
	{
		of: "text strip", name: "takes characters that are named",
		template: "{{ '--a-b--'.strip('-') }}",
		want:     "a-b",
	},
	{
		of: "text strip", name: "takes all spaces of Unicode",
		template: `[{{ '\u00a0\u2003a\u3000'.strip() }}]`,
		want:     "[a]",
	},
	{
		of: "text strip", name: "leaves a text alone that has none of them",
		template: "{{ 'abc'.strip('xyz') }}",
		want:     "abc",
	},
	{
		of: "text strip", name: "refuses a number",
		template: "{{ 'abc'.strip(1) }}",
		fails:    "TypeError",
		says:     "strip(): argument 'chars' cannot be 'int'",
		differs:  "the words are this package's own",
	},
	{
		of: "text partition", name: "gives the text and two empty ones for what is not there",
		template: "{{ 'abc'.partition('x') }}",
		want:     "('abc', '', '')",
	},
	{
		of: "text partition", name: "refuses nothing as the border",
		template: "{{ 'abc'.partition('') }}",
		fails:    "ValueError",
		says:     "empty separator",
	},
	{
		of: "text rpartition", name: "gives two empty texts first for what is not there",
		template: "{{ 'abc'.rpartition('x') }}",
		want:     "('', '', 'abc')",
	},
	{
		of: "text rpartition", name: "cuts at the last border",
		template: "{{ 'a-b-c'.rpartition('-') }}",
		want:     "('a-b', '-', 'c')",
	},
	{
		of: "text removeprefix", name: "takes it off once",
		template: "{{ 'aab'.removeprefix('a') }} {{ 'b'.removeprefix('a') }}",
		want:     "ab b",
	},
	{
		of: "text removesuffix", name: "takes it off once",
		template: "{{ 'baa'.removesuffix('a') }} {{ 'b'.removesuffix('a') }}",
		want:     "ba b",
	},
	{
		of: "text removesuffix", name: "takes nothing off for nothing",
		template: "{{ 'ab'.removesuffix('') }}",
		want:     "ab",
	},
	{
		of: "text replace", name: "replaces every place",
		template: "{{ 'aXbX'.replace('X', '--') }}",
		want:     "a--b--",
	},
	{
		of: "text replace", name: "replaces so many places",
		template: "{{ 'aaa'.replace('a', 'b', 2) }}",
		want:     "bba",
	},
	{
		of: "text replace", name: "puts text between all characters for nothing",
		template: "{{ 'ab'.replace('', '-') }}",
		want:     "-a-b-",
	},
	{
		of: "text replace", name: "removes for nothing",
		template: "{{ 'a-b-c'.replace('-', '') }}",
		want:     "abc",
	},
	{
		of: "text replace", name: "needs two texts",
		template: "{{ 'a'.replace('a') }}",
		fails:    "TypeError",
		says:     "replace() missing required argument 'new'",
		differs:  "the words are this package's own",
	},
	{
		of: "text split", name: "cuts at runs of spaces",
		template: "{{ '  a  b '.split() }}",
		want:     "['a', 'b']",
	},
	{
		of: "text split", name: "cuts at each border",
		template: "{{ 'a,,b'.split(',') }}",
		want:     "['a', '', 'b']",
	},
	{
		of: "text split", name: "cuts so many times",
		template: "{{ 'a b c'.split(' ', 1) }} {{ ' a b c'.split(none, 1) }}",
		want:     "['a', 'b c'] ['a', 'b c']",
	},
	{
		of: "text split", name: "refuses nothing as the border",
		template: "{{ 'a'.split('') }}",
		fails:    "ValueError",
		says:     "empty separator",
	},
	{
		of: "text split", name: "gives one empty text for nothing at a border",
		template: "{{ ''.split(',') }} {{ ''.split() }}",
		want:     "[''] []",
	},
	{
		of: "text split", name: "refuses a number as the border",
		template: "{{ 'a'.split(1) }}",
		fails:    "TypeError",
		says:     "split(): argument 'sep' cannot be 'int'",
		differs:  "the words are this package's own",
	},
	{
		of: "text rsplit", name: "cuts from the end",
		template: "{{ 'a b c'.rsplit(' ', 1) }} {{ 'a  b c '.rsplit(none, 1) }}",
		want:     "['a b', 'c'] ['a  b', 'c']",
	},
	{
		of: "text rsplit", name: "cuts at a border of two characters",
		template: "{{ 'a--b--c'.rsplit('--', 1) }}",
		want:     "['a--b', 'c']",
	},
	{
		of: "text splitlines", name: "knows all ends of lines",
		template: `{{ 'a\nb\r\nc\rd\u2028e'.splitlines() }}`,
		want:     "['a', 'b', 'c', 'd', 'e']",
	},
	{
		of: "text splitlines", name: "keeps the ends",
		template: `{{ 'a\nb\r\n'.splitlines(true) }}`,
		want:     `['a\n', 'b\r\n']`,
	},
	{
		of: "text splitlines", name: "gives nothing for nothing",
		template: `{{ ''.splitlines() }} {{ '\n'.splitlines() }}`,
		want:     "[] ['']",
	},
	{
		of: "text swapcase", name: "swaps letters that are not ASCII",
		template: "{{ 'äÖ1'.swapcase() }}",
		want:     "Äö1",
	},
	{
		of: "text title", name: "begins words behind every other sign",
		template: `{{ "they're bill's".title() }}`,
		want:     "They'Re Bill'S",
	},
	{
		of: "text title", name: "lowers the rest of a word",
		template: "{{ 'hELLO wORLD2you'.title() }}",
		want:     "Hello World2You",
	},
	{
		of: "text zfill", name: "fills behind the sign",
		template: "{{ '-42'.zfill(6) }} {{ '+42'.zfill(6) }}",
		want:     "-00042 +00042",
	},
	{
		of: "text zfill", name: "fills a text that is no number",
		template: "{{ 'ab'.zfill(4) }} {{ 'abcd'.zfill(3) }}",
		want:     "00ab abcd",
	},
}
