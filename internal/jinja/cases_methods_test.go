package jinja_test

// methodCases says of the methods of texts, lists and mappings what they do.
var methodCases = []namedCase{
	{
		of: "text capitalize", name: "raises the first letter",
		template: "{{ 'hELLO'.capitalize() }}",
		want:     "Hello",
	},
	{
		of: "text casefold", name: "lowers letters for a comparison",
		template: "{{ 'ÄBC'.casefold() }}",
		want:     "äbc",
	},
	{
		of: "text center", name: "leans to the left for an odd rest of an odd width",
		template: "[{{ 'ab'.center(5) }}] [{{ 'abc'.center(6, '*') }}]",
		want:     "[  ab ] [*abc**]",
	},
	{
		of: "text center", name: "refuses to fill with two characters",
		template: "{{ 'a'.center(5, '**') }}",
		fails:    "TypeError",
		says:     "The fill character must be exactly one character long",
	},
	{
		of: "text count", name: "counts occurrences that do not overlap",
		template: "{{ 'aaaa'.count('aa') }} {{ 'abc'.count('x') }}",
		want:     "2 0",
	},
	{
		of: "text count", name: "counts the gaps for an empty text",
		template: "{{ 'abc'.count('') }}",
		want:     "4",
	},
	{
		of: "text encode", name: "is refused, because templates have no bytes here",
		template: "{{ 'a'.encode() }}",
		fails:    "TypeError",
		says:     "bytes are not supported in a chat template",
		differs:  "there are no bytes here",
	},
	{
		of: "text endswith", name: "compares the end",
		template: "{{ 'abc'.endswith('bc') }} {{ 'abc'.endswith('ab') }} {{ 'abc'.endswith('') }}",
		want:     "True False True",
	},
	{
		of: "text endswith", name: "takes several endings",
		template: "{{ 'a.txt'.endswith(('.md', '.txt')) }}",
		want:     "True",
	},
	{
		of: "text endswith", name: "refuses a list",
		template: "{{ 'a'.endswith(['a']) }}",
		fails:    "TypeError",
		says:     "endswith first arg must be str or a tuple of str, not list",
	},
	{
		of: "text find", name: "gives the place in characters",
		template: "{{ 'äbc'.find('c') }}",
		want:     "2",
	},
	{
		of: "text find", name: "gives -1 where there is none",
		template: "{{ 'abc'.find('x') }}",
		want:     "-1",
	},
	{
		of: "text find", name: "looks between two places",
		template: "{{ 'abcabc'.find('a', 1) }} {{ 'abcabc'.find('c', 0, 2) }} {{ 'abcabc'.find('b', -3) }}",
		want:     "3 -1 4",
	},
	{
		of: "text format", name: "puts values in by place and by name",
		template: "{{ '{} {1} {n}'.format('a', 'b', n='c') if false else '{0} {1} {n}'.format('a', 'b', n='c') }}",
		want:     "a b c",
	},
	{
		of: "text format", name: "numbers fields by itself",
		template: "{{ '{}-{}'.format(1, 2) }}",
		want:     "1-2",
	},
	{
		of: "text format", name: "writes doubled braces as one",
		template: "{{ '{{}}'.format() }}",
		want:     "{}",
	},
	{
		of: "text format", name: "pads and rounds numbers",
		template: "{{ '{:.2f} {:5d}|{:x}'.format(3.14159, 42, 255) }}",
		want:     "3.14    42|ff",
	},
	{
		of: "text format", name: "writes a value's source for !r",
		template: "{{ '{!r}'.format('a') }}",
		want:     "'a'",
	},
	{
		of: "text format", name: "fails where a value is missing",
		template: "{{ '{} {}'.format(1) }}",
		fails:    "IndexError",
		says:     "tuple index out of range",
	},
	{
		of: "text index", name: "gives the place in characters",
		template: "{{ 'äbc'.index('b') }}",
		want:     "1",
	},
	{
		of: "text index", name: "fails where there is none",
		template: "{{ 'abc'.index('x') }}",
		fails:    "ValueError",
		says:     "substring not found",
	},
	{
		of: "text isalnum", name: "holds for letters and digits",
		template: "{{ 'ab1ä'.isalnum() }} {{ 'a b'.isalnum() }} {{ ''.isalnum() }}",
		want:     "True False False",
	},
	{
		of: "text isalpha", name: "holds for letters",
		template: "{{ 'abä'.isalpha() }} {{ 'a1'.isalpha() }} {{ ''.isalpha() }}",
		want:     "True False False",
	},
	{
		of: "text isascii", name: "holds for an empty text too",
		template: "{{ 'ab~'.isascii() }} {{ 'ä'.isascii() }} {{ ''.isascii() }}",
		want:     "True False True",
	},
	{
		of: "text isdecimal", name: "holds for decimal digits",
		template: "{{ '12'.isdecimal() }} {{ '1.2'.isdecimal() }} {{ '½'.isdecimal() }} {{ ''.isdecimal() }}",
		want:     "True False False False",
	},
	{
		of: "text isdigit", name: "holds for digits",
		template: "{{ '12'.isdigit() }} {{ '-1'.isdigit() }} {{ ''.isdigit() }}",
		want:     "True False False",
	},
	{
		of: "text isidentifier", name: "holds for names",
		template: "{{ 'a_1'.isidentifier() }} {{ '1a'.isidentifier() }} {{ ''.isidentifier() }}",
		want:     "True False False",
	},
	{
		of: "text islower", name: "asks for a letter and no capital",
		template: "{{ 'ab1'.islower() }} {{ 'aB'.islower() }} {{ '1'.islower() }}",
		want:     "True False False",
	},
	{
		of: "text isnumeric", name: "holds for fractions too",
		template: "{{ '12'.isnumeric() }} {{ '½'.isnumeric() }} {{ 'a'.isnumeric() }}",
		want:     "True True False",
	},
	{
		of: "text isspace", name: "holds for white space only",
		template: `{{ ' \t\n'.isspace() }} {{ ' a'.isspace() }} {{ ''.isspace() }}`,
		want:     "True False False",
	},
	{
		of: "text istitle", name: "asks for a capital at the start of each word",
		template: "{{ 'Ab Cd'.istitle() }} {{ 'Ab cd'.istitle() }} {{ 'AB'.istitle() }} {{ ''.istitle() }}",
		want:     "True False False False",
	},
	{
		of: "text isupper", name: "asks for a capital and no small letter",
		template: "{{ 'AB1'.isupper() }} {{ 'Ab'.isupper() }} {{ '1'.isupper() }}",
		want:     "True False False",
	},
	{
		of: "text join", name: "joins texts",
		template: "{{ ', '.join(['a', 'b']) }} {{ '-'.join('abc') }}",
		want:     "a, b a-b-c",
	},
	{
		of: "text join", name: "refuses numbers",
		template: "{{ ','.join([1]) }}",
		fails:    "TypeError",
		says:     "sequence item 0: expected str instance, int found",
	},
	{
		of: "text ljust", name: "pads on the right",
		template: "[{{ 'ab'.ljust(4) }}] [{{ 'ab'.ljust(4, '.') }}] [{{ 'abc'.ljust(2) }}]",
		want:     "[ab  ] [ab..] [abc]",
	},
	{
		of: "text lower", name: "lowers letters",
		template: "{{ 'ABÄ'.lower() }}",
		want:     "abä",
	},
	{
		of: "text lstrip", name: "removes from the left only",
		template: "[{{ ' a '.lstrip() }}] [{{ 'xax'.lstrip('x') }}]",
		want:     "[a ] [ax]",
	},
	{
		of: "text partition", name: "cuts at the first occurrence",
		template: "{{ 'a-b-c'.partition('-') }} {{ 'abc'.partition('-') }}",
		want:     "('a', '-', 'b-c') ('abc', '', '')",
	},
	{
		of: "text partition", name: "refuses an empty separator",
		template: "{{ 'a'.partition('') }}",
		fails:    "ValueError",
		says:     "empty separator",
	},
	{
		of: "text removeprefix", name: "removes a beginning once",
		template: "{{ 'aab'.removeprefix('a') }} {{ 'ab'.removeprefix('b') }}",
		want:     "ab ab",
	},
	{
		of: "text removesuffix", name: "removes an end once",
		template: "{{ 'abb'.removesuffix('b') }} {{ 'ab'.removesuffix('a') }}",
		want:     "ab ab",
	},
	{
		of: "text replace", name: "replaces so many from the left",
		template: "{{ 'aaa'.replace('a', 'b') }} {{ 'aaa'.replace('a', 'b', 1) }} {{ 'aa'.replace('a', 'b', 0) }}",
		want:     "bbb baa aa",
	},
	{
		of: "text replace", name: "refuses numbers, unlike the filter",
		template: "{{ 'a1'.replace(1, 2) }}",
		fails:    "TypeError",
		says:     "replace(): argument 'old' cannot be 'int'",
		differs:  "the message is this package's own",
	},
	{
		of: "text rfind", name: "gives the last place",
		template: "{{ 'abcabc'.rfind('b') }} {{ 'abc'.rfind('x') }}",
		want:     "4 -1",
	},
	{
		of: "text rindex", name: "gives the last place or fails",
		template: "{{ 'abab'.rindex('a') }} {{ 'a'.rindex('x') }}",
		fails:    "ValueError",
		says:     "substring not found",
	},
	{
		of: "text rjust", name: "pads on the left",
		template: "[{{ 'ab'.rjust(4) }}] [{{ '7'.rjust(3, '0') }}]",
		want:     "[  ab] [007]",
	},
	{
		of: "text rpartition", name: "cuts at the last occurrence",
		template: "{{ 'a-b-c'.rpartition('-') }} {{ 'abc'.rpartition('-') }}",
		want:     "('a-b', '-', 'c') ('', '', 'abc')",
	},
	{
		of: "text rsplit", name: "cuts from the right",
		template: "{{ 'a,b,c'.rsplit(',', 1) }} {{ 'a b  c '.rsplit() }} {{ 'a b c'.rsplit(none, 1) }}",
		want:     "['a,b', 'c'] ['a', 'b', 'c'] ['a b', 'c']",
	},
	{
		of: "text rstrip", name: "removes from the right only",
		template: "[{{ ' a '.rstrip() }}] [{{ 'a!?'.rstrip('?!') }}]",
		want:     "[ a] [a]",
	},
	{
		of: "text split", name: "cuts at white space",
		template: `{{ ' a  b\tc '.split() }} {{ ''.split() }}`,
		want:     "['a', 'b', 'c'] []",
	},
	{
		of: "text split", name: "cuts at a separator and keeps empty parts",
		template: "{{ 'a,,b,'.split(',') }} {{ ''.split(',') }}",
		want:     "['a', '', 'b', ''] ['']",
	},
	{
		of: "text split", name: "cuts so often only",
		template: "{{ 'a b c'.split(' ', 1) }} {{ ' a b  c'.split(none, 1) }}",
		want:     "['a', 'b c'] ['a', 'b  c']",
	},
	{
		of: "text split", name: "refuses an empty separator",
		template: "{{ 'a'.split('') }}",
		fails:    "ValueError",
		says:     "empty separator",
	},
	{
		of: "text splitlines", name: "cuts at the ends of lines of any kind",
		template: `{{ 'a\nb\r\nc\rd'.splitlines() }}`,
		want:     "['a', 'b', 'c', 'd']",
	},
	{
		of: "text splitlines", name: "gives no line behind the last end",
		template: `{{ 'a\n'.splitlines() }} {{ ''.splitlines() }} {{ '\n'.splitlines() }}`,
		want:     "['a'] [] ['']",
	},
	{
		of: "text splitlines", name: "keeps the ends when told to",
		template: `{{ 'a\nb'.splitlines(true) }}`,
		want:     `['a\n', 'b']`,
	},
	{
		of: "text startswith", name: "compares the beginning",
		template: "{{ 'abc'.startswith('ab') }} {{ 'abc'.startswith('b') }} {{ 'abc'.startswith(('x', 'a')) }}",
		want:     "True False True",
	},
	{
		of: "text strip", name: "removes white space or characters from both ends",
		template: `[{{ ' \na\t '.strip() }}] [{{ '<<a>>'.strip('<>') }}] [{{ ' a '.strip(none) }}]`,
		want:     "[a] [a] [a]",
	},
	{
		of: "text swapcase", name: "changes the case of each letter",
		template: "{{ 'aBc Ä'.swapcase() }}",
		want:     "AbC ä",
	},
	{
		of: "text title", name: "begins a word after anything but a letter, unlike the filter",
		template: `{{ "don't a1b".title() }}`,
		want:     "Don'T A1B",
	},
	{
		of: "text upper", name: "raises letters",
		template: "{{ 'abß'.upper() }}",
		want:     "ABSS",
	},
	{
		of: "text zfill", name: "pads with zeros behind the sign",
		template: "{{ '7'.zfill(3) }} {{ '-7'.zfill(4) }} {{ 'abcd'.zfill(2) }}",
		want:     "007 -007 abcd",
	},
	{
		of: "list copy", name: "gives an equal list that is another",
		template: "{% set a = [1] %}{{ a.copy() == a }} {{ a.copy() is sameas a }}",
		want:     "True False",
	},
	{
		of: "list count", name: "counts equal items",
		template: "{{ [1, 1.0, 2, true].count(1) }} {{ [].count(1) }}",
		want:     "3 0",
	},
	{
		of: "list index", name: "gives the place of the first equal item",
		template: "{{ [3, 1, 1].index(1) }}",
		want:     "1",
	},
	{
		of: "dict copy", name: "gives an equal mapping that is another",
		template: "{% set a = {'x': 1} %}{{ a.copy() == a }} {{ a.copy() is sameas a }}",
		want:     "True False",
	},
	{
		of: "dict get", name: "gives a value, none, or what is given for a missing key",
		template: "{{ {'a': 1}.get('a') }} {{ {'a': 1}.get('b') }} {{ {'a': 1}.get('b', 2) }}",
		want:     "1 None 2",
	},
	{
		of: "dict get", name: "refuses a list as a key",
		template: "{{ {}.get([]) }}",
		fails:    "TypeError",
		says:     "unhashable type: 'list'",
	},
	{
		of: "dict items", name: "gives pairs in their order",
		template: "{% for k, v in {'b': 1, 'a': 2}.items() %}{{ k }}={{ v }};{% endfor %}",
		want:     "b=1;a=2;",
	},
	{
		of: "dict keys", name: "gives the keys in their order",
		template: "{{ {'b': 1, 'a': 2}.keys()|list }} {{ {'b': 1}.keys() }}",
		want:     "['b', 'a'] dict_keys(['b'])",
	},
	{
		of: "dict values", name: "gives the values in their order",
		template: "{{ {'b': 1, 'a': 2}.values()|list }}",
		want:     "[1, 2]",
	},
	{
		of: "list append", name: "is refused, because templates change nothing they were handed",
		template: "{{ [].append(1) }}",
		fails:    "SecurityError",
		says:     "access to attribute 'append' of 'list' object is unsafe.",
	},
	{
		of: "dict update", name: "is refused, because templates change nothing they were handed",
		template: "{{ {}.update({'a': 1}) }}",
		fails:    "SecurityError",
		says:     "access to attribute 'update' of 'dict' object is unsafe.",
	},
}
