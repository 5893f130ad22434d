package jinja_test

// moreFilterCases says of the filters from join to wordcount what they do.
var moreFilterCases = []namedCase{
	{
		of: "filter join", name: "writes items one after another",
		template: "{{ [1,2,3]|join }}",
		want:     "123",
	},
	{
		of: "filter join", name: "writes a separator between them",
		template: "{{ ['a','b']|join(', ') }}",
		want:     "a, b",
	},
	{
		of: "filter join", name: "joins members of the items",
		template: "{{ [{'n': 1}, {'n': 2}]|join('-', attribute='n') }}",
		want:     "1-2",
	},
	{
		of: "filter join", name: "joins the characters of a text",
		template: "{{ 'abc'|join('.') }}",
		want:     "a.b.c",
	},
	{
		of: "filter join", name: "writes numbers and none as text",
		template: "{{ [1, 2.0, none, true]|join(' ') }}",
		want:     "1 2.0 None True",
	},
	{
		of: "filter last", name: "gives the last item",
		template: "{{ [3,1,2]|last }}",
		want:     "2",
	},
	{
		of: "filter last", name: "gives the last character",
		template: "{{ 'abä'|last }}",
		want:     "ä",
	},
	{
		of: "filter last", name: "gives something undefined of an empty list",
		template: "[{{ []|last }}]",
		want:     "[]",
	},
	{
		of: "filter length", name: "counts items and keys",
		template: "{{ [1,2]|length }} {{ {'a': 1}|length }} {{ []|length }}",
		want:     "2 1 0",
	},
	{
		of: "filter length", name: "counts characters and not bytes",
		template: "{{ 'naïve'|length }} {{ '日本'|length }}",
		want:     "5 2",
	},
	{
		of: "filter length", name: "counts an undefined value as empty",
		template: "{{ nothing|length }}",
		want:     "0",
	},
	{
		of: "filter length", name: "refuses a number",
		template: "{{ 3|length }}",
		fails:    "TypeError",
		says:     "object of type 'int' has no len()",
	},
	{
		of: "filter list", name: "makes a list of characters",
		template: "{{ 'abc'|list }}",
		want:     "['a', 'b', 'c']",
	},
	{
		of: "filter list", name: "makes a list of the keys of a mapping",
		template: "{{ {'a': 1, 'b': 2}|list }}",
		want:     "['a', 'b']",
	},
	{
		of: "filter list", name: "makes a list of a range",
		template: "{{ range(3)|list }}",
		want:     "[0, 1, 2]",
	},
	{
		of: "filter list", name: "makes an empty list of nothing",
		template: "{{ nothing|list }}",
		want:     "[]",
	},
	{
		of: "filter lower", name: "lowers all letters",
		template: "{{ 'ABC Äß'|lower }}",
		want:     "abc äß",
	},
	{
		of: "filter lower", name: "writes booleans as Python does and lowers them",
		template: "{{ True|lower }} {{ none|lower }}",
		want:     "true none",
	},
	{
		of: "filter map", name: "reads a member of each item",
		template: "{{ [{'n': 1}, {'n': 2}]|map(attribute='n')|list }}",
		want:     "[1, 2]",
	},
	{
		of: "filter map", name: "takes a value for items that lack the member",
		template: "{{ [{'n': 1}, {}]|map(attribute='n', default=0)|list }}",
		want:     "[1, 0]",
	},
	{
		of: "filter map", name: "reads a member of a member",
		template: "{{ [{'a': {'b': 1}}]|map(attribute='a.b')|list }}",
		want:     "[1]",
	},
	{
		of: "filter map", name: "reads an item by its number",
		template: "{{ [[1,2],[3,4]]|map(attribute='1')|list }}",
		want:     "[2, 4]",
	},
	{
		of: "filter map", name: "applies a filter to each item",
		template: "{{ ['a','b']|map('upper')|list }}",
		want:     "['A', 'B']",
	},
	{
		of: "filter map", name: "passes arguments on",
		template: "{{ ['a','b']|map('replace', 'a', 'x')|list }} {{ [1.25]|map('round', precision=1)|list }}",
		want:     "['x', 'b'] [1.2]",
	},
	{
		of: "filter map", name: "is worked out when it is read",
		template: "{% set g = ['a']|map('upper') %}{{ g|list }}{{ g|list }}",
		want:     "['A'][]",
	},
	{
		of: "filter map", name: "needs a filter or an attribute",
		template: "{{ [1]|map|list }}",
		fails:    "FilterArgumentError",
		says:     "map requires a filter argument",
	},
	{
		of: "filter max", name: "gives the largest item",
		template: "{{ [1,3,2]|max }}",
		want:     "3",
	},
	{
		of: "filter max", name: "gives the last in the alphabet without case",
		template: "{{ ['b','A','C']|max }}",
		want:     "C",
	},
	{
		of: "filter max", name: "heeds case when told to",
		template: "{{ ['b','A','C']|max(true) }}",
		want:     "b",
	},
	{
		of: "filter max", name: "compares a member",
		template: "{{ ([{'v': 1}, {'v': 5}]|max(attribute='v')).v }}",
		want:     "5",
	},
	{
		of: "filter max", name: "gives something undefined of nothing",
		template: "[{{ []|max }}]",
		want:     "[]",
	},
	{
		of: "filter min", name: "gives the smallest item",
		template: "{{ [3,1,2]|min }}",
		want:     "1",
	},
	{
		of: "filter min", name: "gives the first in the alphabet without case",
		template: "{{ ['b','A','C']|min }}",
		want:     "A",
	},
	{
		of: "filter min", name: "compares a member",
		template: "{{ ([{'v': 4}, {'v': 2}]|min(attribute='v')).v }}",
		want:     "2",
	},
	{
		of: "filter reject", name: "drops items that pass a test",
		template: "{{ [1,2,3,4]|reject('odd')|list }}",
		want:     "[2, 4]",
	},
	{
		of: "filter reject", name: "drops what is true without a test",
		template: "{{ [0,1,'','a']|reject|list }}",
		want:     "[0, '']",
	},
	{
		of: "filter rejectattr", name: "drops items by a member",
		template: "{{ [{'r':'u','n':1},{'r':'s','n':2}]|rejectattr('r','eq','s')|map(attribute='n')|list }}",
		want:     "[1]",
	},
	{
		of: "filter rejectattr", name: "drops items that have a true member",
		template: "{{ [{'a':1},{'a':0},{}]|rejectattr('a')|list }}",
		want:     "[{'a': 0}, {}]",
	},
	{
		of: "filter replace", name: "replaces every occurrence",
		template: "{{ 'aaa'|replace('a', 'b') }}",
		want:     "bbb",
	},
	{
		of: "filter replace", name: "replaces so many from the left",
		template: "{{ 'aaa'|replace('a', 'b', 2) }}",
		want:     "bba",
	},
	{
		of: "filter replace", name: "replaces by nothing",
		template: "{{ 'a-b'|replace('-', '') }}",
		want:     "ab",
	},
	{
		of: "filter replace", name: "puts text between characters for an empty one",
		template: "{{ 'ab'|replace('', '.') }}",
		want:     ".a.b.",
	},
	{
		of: "filter replace", name: "writes numbers as text first",
		template: "{{ 121|replace(1, 3) }}",
		want:     "323",
	},
	{
		of: "filter reverse", name: "turns a text around",
		template: "{{ 'abä'|reverse }}",
		want:     "äba",
	},
	{
		of: "filter reverse", name: "turns a list around",
		template: "{{ [1,2,3]|reverse|list }}",
		want:     "[3, 2, 1]",
	},
	{
		of: "filter reverse", name: "refuses a number",
		template: "{{ 3|reverse }}",
		fails:    "FilterArgumentError",
		says:     "argument must be iterable",
	},
	{
		of: "filter round", name: "rounds to a whole float",
		template: "{{ 2.7|round }} {{ -2.7|round }}",
		want:     "3.0 -3.0",
	},
	{
		of: "filter round", name: "rounds a half to the even neighbour",
		template: "{{ 2.5|round }} {{ 3.5|round }}",
		want:     "2.0 4.0",
	},
	{
		of: "filter round", name: "keeps so many digits",
		template: "{{ 3.14159|round(2) }}",
		want:     "3.14",
	},
	{
		of: "filter round", name: "rounds up",
		template: "{{ 2.1|round(0, 'ceil') }} {{ 2.111|round(2, 'ceil') }}",
		want:     "3.0 2.12",
	},
	{
		of: "filter round", name: "rounds down",
		template: "{{ 2.9|round(method='floor') }} {{ -2.1|round(0, 'floor') }}",
		want:     "2.0 -3.0",
	},
	{
		of: "filter round", name: "leaves a whole number whole",
		template: "{{ 7|round }}",
		want:     "7",
	},
	{
		of: "filter round", name: "rounds to tens",
		template: "{{ 1234.0|round(-2) }}",
		want:     "1200.0",
	},
	{
		of: "filter round", name: "refuses another method",
		template: "{{ 1.5|round(0, 'up') }}",
		fails:    "FilterArgumentError",
		says:     "method must be common, ceil or floor",
	},
	{
		of: "filter safe", name: "marks text and changes nothing where nothing is escaped",
		template: "{{ '<b>'|safe }}",
		want:     "<b>",
	},
	{
		of: "filter select", name: "keeps items that pass a test",
		template: "{{ [1,2,3,4]|select('even')|list }}",
		want:     "[2, 4]",
	},
	{
		of: "filter select", name: "keeps what is true without a test",
		template: "{{ [0,1,none,'a']|select|list }}",
		want:     "[1, 'a']",
	},
	{
		of: "filter select", name: "hands arguments to the test",
		template: "{{ [1,5,9]|select('gt', 4)|list }}",
		want:     "[5, 9]",
	},
	{
		of: "filter select", name: "fails for a test that does not exist",
		template: "{{ [1]|select('nosuch')|list }}",
		fails:    "TemplateRuntimeError",
		says:     "No test named 'nosuch'.",
	},
	{
		of: "filter selectattr", name: "keeps items by a member",
		template: "{{ [{'r':'u'},{'r':'s'}]|selectattr('r','equalto','u')|list }}",
		want:     "[{'r': 'u'}]",
	},
	{
		of: "filter selectattr", name: "keeps items that have a true member",
		template: "{{ [{'a':1},{'a':0},{}]|selectattr('a')|list }}",
		want:     "[{'a': 1}]",
	},
	{
		of: "filter selectattr", name: "asks for members that may be missing",
		template: "{{ [{'a':1},{}]|selectattr('a','defined')|list }}",
		want:     "[{'a': 1}]",
	},
	{
		of: "filter selectattr", name: "reads a member of a member",
		template: "{{ [{'a':{'b':1}},{'a':{'b':2}}]|selectattr('a.b','eq',2)|list }}",
		want:     "[{'a': {'b': 2}}]",
	},
	{
		of: "filter slice", name: "cuts a list into so many columns",
		template: "{{ [1,2,3,4,5]|slice(3)|list }}",
		want:     "[[1, 2], [3, 4], [5]]",
	},
	{
		of: "filter slice", name: "fills up the shorter columns",
		template: "{{ [1,2,3,4,5]|slice(3, 'x')|list }}",
		want:     "[[1, 2], [3, 4], [5, 'x']]",
	},
	{
		of: "filter slice", name: "gives empty columns of a short list",
		template: "{{ [1]|slice(3)|list }}",
		want:     "[[1], [], []]",
	},
	{
		of: "filter sort", name: "sorts numbers",
		template: "{{ [3,1,2]|sort }}",
		want:     "[1, 2, 3]",
	},
	{
		of: "filter sort", name: "sorts text without its case",
		template: "{{ ['b','A','c']|sort }}",
		want:     "['A', 'b', 'c']",
	},
	{
		of: "filter sort", name: "heeds case when told to",
		template: "{{ ['b','A','c','B']|sort(case_sensitive=true) }}",
		want:     "['A', 'B', 'b', 'c']",
	},
	{
		of: "filter sort", name: "sorts downwards",
		template: "{{ [1,3,2]|sort(reverse=true) }}",
		want:     "[3, 2, 1]",
	},
	{
		of: "filter sort", name: "keeps the order of equal items",
		template: "{{ ['b','B','a','A']|sort }} {{ ['b','B','a','A']|sort(reverse=true) }}",
		want:     "['a', 'A', 'b', 'B'] ['b', 'B', 'a', 'A']",
	},
	{
		of: "filter sort", name: "sorts by a member",
		template: "{{ [{'v':2},{'v':1}]|sort(attribute='v') }}",
		want:     "[{'v': 1}, {'v': 2}]",
	},
	{
		of: "filter sort", name: "sorts by several members",
		template: "{{ [{'a':1,'b':2},{'a':0,'b':3},{'a':1,'b':1}]|sort(attribute='a,b') }}",
		want:     "[{'a': 0, 'b': 3}, {'a': 1, 'b': 1}, {'a': 1, 'b': 2}]",
	},
	{
		of: "filter sort", name: "refuses text beside numbers",
		template: "{{ [1,'a']|sort }}",
		fails:    "TypeError",
		says:     "'<' not supported between instances of 'str' and 'int'",
	},
	{
		of: "filter string", name: "writes a value as Python does",
		template: "{{ 1.0|string }} {{ [1,'a']|string }} {{ none|string }}",
		want:     "1.0 [1, 'a'] None",
	},
	{
		of: "filter striptags", name: "removes tags and comments",
		template: "{{ '<p>a <b>b</b><!-- c --> d</p>'|striptags }}",
		want:     "a b d",
	},
	{
		of: "filter striptags", name: "joins white space",
		template: `{{ 'a \n\n  b'|striptags }}`,
		want:     "a b",
	},
	{
		of: "filter striptags", name: "reads entities",
		template: "{{ '&lt;&amp;&#39;'|striptags }}",
		want:     "<&'",
	},
	{
		of: "filter sum", name: "adds numbers",
		template: "{{ [1,2,3]|sum }} {{ [0.5,1]|sum }}",
		want:     "6 1.5",
	},
	{
		of: "filter sum", name: "adds members",
		template: "{{ [{'v':1},{'v':2}]|sum(attribute='v') }}",
		want:     "3",
	},
	{
		of: "filter sum", name: "begins with a number",
		template: "{{ [1,2]|sum(start=10) }}",
		want:     "13",
	},
	{
		of: "filter sum", name: "gives zero of nothing",
		template: "{{ []|sum }}",
		want:     "0",
	},
	{
		of: "filter title", name: "raises the first letter of each word",
		template: "{{ 'hello wORLD'|title }}",
		want:     "Hello World",
	},
	{
		of: "filter title", name: "begins a word after a hyphen and a bracket",
		template: "{{ 'a-b (c) [d] {e} <f>'|title }}",
		want:     "A-B (C) [D] {E} <F>",
	},
	{
		of: "filter title", name: "begins no word after an apostrophe",
		template: `{{ "don't"|title }}`,
		want:     "Don't",
	},
	{
		of: "filter tojson", name: "writes text in double quotes",
		template: `{{ 'a'|tojson }} {{ "it's"|tojson }}`,
		want:     `"a" "it's"`,
	},
	{
		of: "filter tojson", name: "writes the words of JSON",
		template: "{{ [none, true, false]|tojson }}",
		want:     "[null, true, false]",
	},
	{
		of: "filter tojson", name: "puts a space behind commas and colons",
		template: "{{ {'a': [1, 2], 'b': 'c'}|tojson }}",
		want:     `{"a": [1, 2], "b": "c"}`,
	},
	{
		of: "filter tojson", name: "keeps the order of keys",
		template: "{{ {'b': 1, 'a': 2}|tojson }}",
		want:     `{"b": 1, "a": 2}`,
	},
	{
		of: "filter tojson", name: "leaves letters that are not ASCII",
		template: "{{ 'ä日'|tojson }}",
		want:     `"ä日"`,
	},
	{
		of: "filter tojson", name: "writes escapes for them when told to",
		template: "{{ 'ä'|tojson(ensure_ascii=true) }}",
		want:     `"\u00e4"`,
	},
	{
		of: "filter tojson", name: "escapes control characters, quotes and backslashes",
		template: `{{ 'a"b\\c\n\t'|tojson }}`,
		want:     `"a\"b\\c\n\t"`,
	},
	{
		of: "filter tojson", name: "leaves the characters that HTML escapes",
		template: `{{ '<a>&\''|tojson }}`,
		want:     `"<a>&'"`,
	},
	{
		of: "filter tojson", name: "indents by so many columns",
		template: "{{ {'a': [1, {}], 'b': []}|tojson(indent=2) }}",
		want:     "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}",
	},
	{
		of: "filter tojson", name: "takes other separators",
		template: "{{ {'a': [1, 2]}|tojson(separators=(',', ':')) }}",
		want:     `{"a":[1,2]}`,
	},
	{
		of: "filter tojson", name: "sorts keys when told to",
		template: "{{ {'b': 1, 'a': 2}|tojson(sort_keys=true) }}",
		want:     `{"a": 2, "b": 1}`,
	},
	{
		of: "filter tojson", name: "writes floats as Python does",
		template: "{{ [1.0, 1e20, 1e-7, 0.1]|tojson }}",
		want:     "[1.0, 1e+20, 1e-07, 0.1]",
	},
	{
		of: "filter tojson", name: "makes text of keys that are none",
		template: "{{ {1: 'a', none: 'b', true: 'c'}|tojson }}",
		want:     `{"1": "c", "null": "b"}`,
	},
	{
		of: "filter tojson", name: "refuses what is undefined",
		template: "{{ nothing|tojson }}",
		fails:    "TypeError",
		says:     "Object of type Undefined is not JSON serializable",
	},
	{
		of: "filter trim", name: "removes white space from both ends",
		template: `[{{ ' \n a b\t '|trim }}]`,
		want:     "[a b]",
	},
	{
		of: "filter trim", name: "removes other characters",
		template: "[{{ 'xxaxx'|trim('x') }}]",
		want:     "[a]",
	},
	{
		of: "filter trim", name: "removes any of several characters",
		template: "[{{ '-+a+-'|trim('+-') }}]",
		want:     "[a]",
	},
	{
		of: "filter truncate", name: "cuts before a word",
		template: "{{ 'one two three four'|truncate(12, leeway=0) }}",
		want:     "one two...",
	},
	{
		of: "filter truncate", name: "cuts inside a word when told to",
		template: "{{ 'one two three four'|truncate(12, true, leeway=0) }}",
		want:     "one two t...",
	},
	{
		of: "filter truncate", name: "lets a text pass that is a little longer",
		template: "{{ 'one two three'|truncate(10) }}",
		want:     "one two three",
	},
	{
		of: "filter truncate", name: "takes another end",
		template: "{{ 'one two three four'|truncate(11, false, '…', 0) }}",
		want:     "one two…",
	},
	{
		of: "filter truncate", name: "counts characters and not bytes",
		template: "{{ 'ääääääää'|truncate(5, true, '', 0) }}",
		want:     "äääää",
	},
	{
		of: "filter truncate", name: "refuses to cut to less than the end",
		template: "{{ 'abcdef'|truncate(1) }}",
		fails:    "AssertionError",
		says:     "expected length >= 3, got 1",
	},
	{
		of: "filter unique", name: "drops what came before",
		template: "{{ [1,2,1,3,2]|unique|list }}",
		want:     "[1, 2, 3]",
	},
	{
		of: "filter unique", name: "compares text without its case",
		template: "{{ ['a','A','b']|unique|list }}",
		want:     "['a', 'b']",
	},
	{
		of: "filter unique", name: "heeds case when told to",
		template: "{{ ['a','A']|unique(true)|list }}",
		want:     "['a', 'A']",
	},
	{
		of: "filter unique", name: "compares a member",
		template: "{{ [{'v':1,'n':1},{'v':1,'n':2}]|unique(attribute='v')|list }}",
		want:     "[{'v': 1, 'n': 1}]",
	},
	{
		of: "filter unique", name: "takes numbers of one value as one",
		template: "{{ [1, 1.0, true]|unique|list }}",
		want:     "[1]",
	},
	{
		of: "filter upper", name: "raises all letters",
		template: "{{ 'abc ä'|upper }}",
		want:     "ABC Ä",
	},
	{
		of: "filter upper", name: "writes a sharp s as two letters",
		template: "{{ 'straße'|upper }}",
		want:     "STRASSE",
	},
	{
		of: "filter urlencode", name: "escapes what an address does not allow",
		template: "{{ 'a b&c=d/é'|urlencode }}",
		want:     "a%20b%26c%3Dd/%C3%A9",
	},
	{
		of: "filter wordcount", name: "counts words",
		template: "{{ 'one two, three'|wordcount }}",
		want:     "3",
	},
	{
		of: "filter wordcount", name: "counts none in marks",
		template: "{{ ' -- !'|wordcount }}",
		want:     "0",
	},
}
